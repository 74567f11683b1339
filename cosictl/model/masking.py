"""What stands where a credential stood: intake writes it, and nothing may be done with a value that holds it."""

from typing import Final

MASK: Final = "***"
