"""Writes, in C, the complex functions of C99 that numpy asks the runtime library for: in wine 8 they abort.

Windows hands a complex number over as a structure of two, mingw's own functions do not: each is wrapped.
"""

from __future__ import annotations

TO_COMPLEX = (
    *("cacos", "cacosh", "casin", "casinh", "catan", "catanh", "ccos", "ccosh", "cexp", "clog", "conj", "cproj"),
    *("csin", "csinh", "csqrt", "ctan", "ctanh"),
)
TO_REAL = ("cabs", "carg", "cimag", "creal", "cnorm")
NAMES = (*TO_COMPLEX, *TO_REAL, "cpow")
START = """#include <complex.h>
#include <math.h>
typedef struct { float r, i; } F;
typedef struct { double r, i; } D;
static float complex in_f(F z) { float complex c; ((float *)&c)[0] = z.r; ((float *)&c)[1] = z.i; return c; }
static double complex in_d(D z) { double complex c; ((double *)&c)[0] = z.r; ((double *)&c)[1] = z.i; return c; }
static F out_f(float complex c) { F z = {crealf(c), cimagf(c)}; return z; }
static D out_d(double complex c) { D z = {creal(c), cimag(c)}; return z; }
static float cnormf(float complex c) { return crealf(c) * crealf(c) + cimagf(c) * cimagf(c); }
static double cnorm(double complex c) { return creal(c) * creal(c) + cimag(c) * cimag(c); }
"""
EXPORT = "__declspec(dllexport)"


def functions() -> list[str]:
    """For each: of float, of double, and of long double, which is a double on Windows."""
    lines = []
    for name in TO_COMPLEX:
        lines.append(f"{EXPORT} F own_{name}f(F z) {{ return out_f({name}f(in_f(z))); }}")
        lines += [f"{EXPORT} D own_{name}{end}(D z) {{ return out_d({name}(in_d(z))); }}" for end in ("", "l")]
    for name in TO_REAL:
        lines.append(f"{EXPORT} float own_{name}f(F z) {{ return {name}f(in_f(z)); }}")
        lines += [f"{EXPORT} double own_{name}{end}(D z) {{ return {name}(in_d(z)); }}" for end in ("", "l")]
    lines.append(f"{EXPORT} F own_cpowf(F a, F b) {{ return out_f(cpowf(in_f(a), in_f(b))); }}")
    lines += [f"{EXPORT} D own_cpow{end}(D a, D b) {{ return out_d(cpow(in_d(a), in_d(b))); }}" for end in ("", "l")]
    return lines


if __name__ == "__main__":
    print(START + "\n".join(functions()))
