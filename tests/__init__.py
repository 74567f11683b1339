"""Tests: real files, real servers, real processes, on the loopback only."""
