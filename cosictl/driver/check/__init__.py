"""Whether a driver keeps the specification's promises: cases as rows, a bench to run them on, and a register.

In: a channel to a driver, and the parameters that its buckets need. Out: a result for each case, and what could not be
removed. Never here: a bucket or account that was there before, and judgement by anything but the driver's answers.
"""
