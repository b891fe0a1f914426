"""Elementary functions made of ``+ - * /`` and ``sqrt``, each rounded once, in the order written here.

IEEE 754 fixes those five operations to the bit, on every machine; it fixes no ``log``, ``exp`` or ``sin``. So
the order of operations below *is* the definition of the functions of stream 1: whoever follows it gets
these bits, and a formula that is only mathematically equal does not.

Each function takes and gives float64 arrays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# ln 2 in two parts. The first ends in 32 zero bits: its product with an exponent is exact.
LN2_HIGH = 0.6931467056274414
LN2_LOW = 4.7493250390316726e-07
LOG2_E = 1.4426950408889634
TAU = 6.283185307179586

LN = (
    0.14616449685043406,
    0.15331721600556042,
    0.18182889125261723,
    0.2222221113479508,
    0.28571428625975487,
    0.39999999999899505,
    0.666666666666667,
)
EXP = (
    2.5100375832561234e-08,
    2.7620075879983367e-07,
    2.7557268480310024e-06,
    2.4801521322368692e-05,
    0.00019841269863040545,
    0.0013888888917196719,
    0.008333333333330065,
    0.041666666666624164,
    0.16666666666666669,
    0.5000000000000001,
)
SIN = (
    3.7808689593022957,
    -15.093804209987114,
    42.058685020160894,
    -76.70585970427454,
    81.60524927594804,
    -41.341702240399634,
    TAU,
)
COS = (
    -1.6990343940660637,
    7.903206911569678,
    -26.426253275854723,
    60.24464135270201,
    -85.4568172066438,
    64.93939402266824,
    -19.739208802178716,
    1.0,
)


def horner(coefficients: tuple[float, ...], x: Floats) -> Floats:
    """The polynomial in x, highest power first: ((c0 * x + c1) * x + c2) ..."""
    value = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        value = value * x + c
    return value


def ln(x: ArrayLike) -> Floats:
    """Natural logarithm of positive normal numbers."""
    # x = 2^k m with m in [sqrt(1/2), sqrt(2)), so that ln m is small and both ln 2 terms carry the rest.
    half_to_one, exponent = np.frexp(np.asarray(x, np.float64))
    small = half_to_one < np.sqrt(0.5)
    m = np.where(small, 2.0 * half_to_one, half_to_one)
    k = (exponent - small).astype(np.float64)
    # ln m = ln(1 + f) = 2 atanh(s), s = f / (2 + f): a series in the squares of a number below 0.172.
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    r = horner(LN, z) * z
    half = 0.5 * f * f
    return k * LN2_HIGH - ((half - (s * (half + r) + k * LN2_LOW)) - f)


def exp(x: ArrayLike) -> Floats:
    """e^x: infinite and zero where it leaves the floats, NaN for NaN; subnormal results are kept."""
    x = np.asarray(x, np.float64)
    x = np.where(x > 710.0, 710.0, x)
    x = np.where(x < -746.0, -746.0, x)
    # e^x = 2^n e^r with |r| <= ln(2) / 2; ties go to the even n
    n = np.rint(x * LOG2_E)
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    y = 1.0 + (r + r * r * horner(EXP, r))
    # 2^n leaves the normal numbers; two halves do not. Only the last product can round.
    whole = np.where(np.isnan(n), 0.0, n).astype(np.int64)
    first = whole // 2
    with np.errstate(over="ignore", under="ignore"):
        return y * np.ldexp(1.0, first) * np.ldexp(1.0, whole - first)


def expm1(x: ArrayLike) -> Floats:
    """e^x - 1, which keeps its digits where x is small."""
    x = np.asarray(x, np.float64)
    return np.where(np.abs(x) < 0.34, x + x * x * horner(EXP, x), exp(x) - 1.0)


def sincos2pi(v: ArrayLike) -> tuple[Floats, Floats]:
    """(sin 2 pi v, cos 2 pi v) for |v| <= 1/2. The phase is reduced before it is multiplied by 2 pi."""
    v = np.asarray(v, np.float64)
    quarters = np.rint(v * 4.0)  # ties go to the even quarter
    r = v - quarters * 0.25  # |r| <= 1/8, exact
    z = r * r
    s, c = horner(SIN, z) * r, horner(COS, z)
    q = quarters.astype(np.int64) % 4
    # A quarter turn takes (sin, cos) to (cos, -sin).
    sin = np.choose(q, [s, c, -s, -c])
    cos = np.choose(q, [c, -s, -c, s])
    return sin, cos


INVERSE_SQRT_TAU = 0.3989422804014327


def normal_cdf(x: ArrayLike) -> Floats:
    """The standard normal distribution function; the lower tail keeps its digits."""
    x = np.asarray(x, np.float64)
    mirrored = x > 1.0
    x = np.where(mirrored, -x, x)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        density = INVERSE_SQRT_TAU * exp(-0.5 * x * x)
        # The lower tail: Laplace's continued fraction, density / (t + 1/(t + 2/(t + 3/...))), t = -x.
        t = -x
        tail = t
        for k in range(400, 0, -1):
            tail = t + k / tail
        lower = np.where(density == 0.0, 0.0, density / tail)
        # The middle: 1/2 + density * (x + x^3/3 + x^5/(3*5) + ...)
        term = total = x
        for k in range(1, 61):
            term = term * (x * x) / (2 * k + 1)
            total = total + term
        middle = 0.5 + density * total
    below = np.where(x < -1.0, lower, middle)
    return np.where(mirrored, 1.0 - below, below)


# Algorithm AS 241 (Wichura 1988, Applied Statistics 37, 477-484), PPND16: numerators and denominators,
# highest power first, for the centre and the two parts of the tail.
CENTRE = (
    (
        2.5090809287301226727e3,
        3.3430575583588128105e4,
        6.7265770927008700853e4,
        4.5921953931549871457e4,
        1.3731693765509461125e4,
        1.9715909503065514427e3,
        1.3314166789178437745e2,
        3.387132872796366608,
    ),
    (
        5.226495278852854561e3,
        2.8729085735721942674e4,
        3.930789580009271061e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.871870074920579083e2,
        4.2313330701600911252e1,
        1.0,
    ),
)
NEAR_TAIL = (
    (
        7.7454501427834140764e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258,
        3.64784832476320460504,
        5.7694972214606914055,
        4.6303378461565452959,
        1.42343711074968357734,
    ),
    (
        1.05075007164441684324e-9,
        5.475938084995344946e-4,
        1.51986665636164571966e-2,
        1.4810397642748007459e-1,
        6.8976733498510000455e-1,
        1.6763848301838038494,
        2.05319162663775882187,
        1.0,
    ),
)
FAR_TAIL = (
    (
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.2426609473880784386e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.7848265399172913358,
        5.4637849111641143699,
        6.6579046435011037772,
    ),
    (
        2.04426310338993978564e-15,
        1.4215117583164458887e-7,
        1.8463183175100546818e-5,
        7.868691311456132591e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.9983220655588793769e-1,
        1.0,
    ),
)
SMALLEST_NORMAL = 2.2250738585072014e-308


def normal_quantile(p: ArrayLike) -> Floats:
    """The inverse of :func:`normal_cdf`, by AS 241."""
    p = np.asarray(p, np.float64)
    q = p - 0.5
    tail = np.where(q < 0.0, p, 1.0 - p)
    tail = np.where(tail > SMALLEST_NORMAL, tail, SMALLEST_NORMAL)
    r = np.sqrt(-ln(tail))

    def ratio(of: tuple[tuple[float, ...], tuple[float, ...]], x: Floats) -> Floats:
        return horner(of[0], x) / horner(of[1], x)

    size = np.where(r <= 5.0, ratio(NEAR_TAIL, r - 1.6), ratio(FAR_TAIL, r - 5.0))
    x = np.where(q < 0.0, -size, size)
    middle = 0.180625 - q * q
    centre = q * horner(CENTRE[0], middle) / horner(CENTRE[1], middle)
    return np.where(np.abs(q) <= 0.425, centre, x)
