"""Whether counts fit expected shares: Pearson's test with a fixed, small chance of a false alarm."""

import math


def chi_square(counts, weights):
    """Pearson's statistic of `counts` against shares in the proportion of `weights`."""
    total, whole = sum(counts), sum(weights)
    expected = [total * weight / whole for weight in weights]
    return sum((count - want) ** 2 / want for count, want in zip(counts, expected, strict=True))


def fits(counts, weights, sigmas=5.0):
    """True unless the deviation is one that chance gives less than once in a million runs.

    The cube root of a chi-square over its degrees of freedom is nearly normal (Wilson, Hilferty).
    """
    degrees = len(counts) - 1
    cube = (chi_square(counts, weights) / degrees) ** (1 / 3)
    middle, deviation = 1 - 2 / (9 * degrees), math.sqrt(2 / (9 * degrees))
    return (cube - middle) / deviation < sigmas
