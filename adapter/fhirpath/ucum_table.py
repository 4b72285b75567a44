"""UCUM's prefixes and units (ucum-essence 2.1), each unit by its definition in others; the seven base units have none.

A line: code, value, unit that it is so many of. `*` before the code: metric, it takes prefixes. Units that are not on a
ratio scale other than temperatures (logarithms, pH) are not here: nothing converts them.
"""

from fractions import Fraction

BASE = ("m", "s", "g", "rad", "K", "C", "cd")

PREFIXES: dict[str, Fraction] = {
    name: Fraction(10) ** power
    for name, power in {
        "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
        "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
    }.items()
} | {"Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40)}  # fmt: skip

SPECIAL: dict[str, tuple[Fraction, Fraction]] = {
    "Cel": (Fraction(1), Fraction("273.15")),
    "[degF]": (Fraction(5, 9), Fraction("459.67")),
    "[degRe]": (Fraction(5, 4), Fraction("218.52")),
}
"""Temperatures: kelvin = factor * (value + shift)."""

_PROCEDURES = """
[iU] [arb'U] [USP'U] [GPL'U] [MPL'U] [APL'U] [beth'U] [anti'Xa'U] [todd'U] [dye'U] [smgy'U] [bdsk'U] [ka'U] [knk'U]
[mclg'U] [tb'U] [CCID_50] [TCID_50] [EID_50] [PFU] [FFU] [CFU] [IR] [BAU] [AU] [Amb'a'1'U] [PNU] [Lf] [D'ag'U]
[FEU] [ELU] [EU] [hnsf'U] [S] [hp_X] [hp_C] [hp_M] [hp_Q]
"""
ARBITRARY = frozenset(_PROCEDURES.split())
"""Units of some procedure: each measures only against itself. Metric."""

_UNITS = """
10* 10 1
10^ 10 1
[pi] 3.1415926535897932384626433832795028841971693993751058209749445923 1
% 1 10*-2
[ppth] 1 10*-3
[ppm] 1 10*-6
[ppb] 1 10*-9
[pptr] 1 10*-12
*mol 6.0221367 10*23
*eq 1 mol
*osm 1 mol
*sr 1 rad2
*Hz 1 s-1
*N 1 kg.m/s2
*Pa 1 N/m2
*J 1 N.m
*W 1 J/s
*A 1 C/s
*V 1 J/C
*F 1 C/V
*Ohm 1 V/A
*S 1 Ohm-1
*Wb 1 V.s
*T 1 Wb/m2
*H 1 Wb/A
*lm 1 cd.sr
*lx 1 lm/m2
*Bq 1 s-1
*Gy 1 J/kg
*Sv 1 J/kg
*kat 1 mol/s
*U 1 umol/min
gon 0.9 deg
deg 2 [pi].rad/360
' 1 deg/60
'' 1 '/60
*l 1 dm3
*L 1 l
*ar 100 m2
min 60 s
h 60 min
d 24 h
wk 7 d
a_t 365.24219 d
a_j 365.25 d
a_g 365.2425 d
a 1 a_j
mo_s 29.53059 d
mo_j 1 a_j/12
mo_g 1 a_g/12
mo 1 mo_j
*t 1000 kg
*bar 100000 Pa
*u 1.6605402 10*-24.g
*eV 1.60217733 10*-19.J
*pc 30.85678 10*15.m
AU 149597.870691 Mm
*[c] 299792458 m/s
*[h] 6.6260755 10*-34.J.s
*[k] 1.380658 10*-23.J/K
*[eps_0] 8.854187817 10*-12.F/m
*[mu_0] 4 [pi].10*-7.N/A2
*[e] 1.60217733 10*-19.C
*[m_e] 9.1093897 10*-28.g
*[m_p] 1.6726231 10*-24.g
*[G] 6.67259 10*-11.m3.kg-1.s-2
*[g] 9.80665 m/s2
*[ly] 1 [c].a_j
*gf 1 g.[g]
[lbf_av] 1 [lb_av].[g]
Ky 1 cm-1
*Gal 1 cm/s2
*dyn 1 g.cm/s2
*erg 1 dyn.cm
*P 1 dyn.s/cm2
*Bi 10 A
*St 1 cm2/s
*Mx 1 10*-8.Wb
*G 1 10*-4.T
*Oe 250 /[pi].A/m
*Gb 1 Oe.cm
*sb 1 cd/cm2
*Lmb 1 cd/cm2/[pi]
*ph 0.0001 lx
*Ci 37000000000 Bq
*R 0.000258 C/kg
*RAD 100 erg/g
*REM 1 RAD
[in_i] 2.54 cm
[ft_i] 12 [in_i]
[yd_i] 3 [ft_i]
[mi_i] 5280 [ft_i]
[fth_i] 6 [ft_i]
[nmi_i] 1852 m
[kn_i] 1 [nmi_i]/h
[sin_i] 1 [in_i]2
[sft_i] 1 [ft_i]2
[syd_i] 1 [yd_i]2
[cin_i] 1 [in_i]3
[cft_i] 1 [ft_i]3
[cyd_i] 1 [yd_i]3
[bf_i] 144 [in_i]3
[cr_i] 128 [ft_i]3
[mil_i] 0.001 [in_i]
[cml_i] 0.25 [pi].[mil_i]2
[hd_i] 4 [in_i]
[ft_us] 1200 m/3937
[yd_us] 3 [ft_us]
[in_us] 1 [ft_us]/12
[mi_us] 5280 [ft_us]
[acr_us] 43560 [ft_us]2
[gal_us] 231 [in_i]3
[bbl_us] 42 [gal_us]
[qt_us] 0.25 [gal_us]
[pt_us] 0.5 [qt_us]
[gil_us] 0.25 [pt_us]
[foz_us] 0.25 [gil_us]
[fdr_us] 0.125 [foz_us]
[min_us] 1 [fdr_us]/60
[crd_us] 128 [ft_i]3
[bu_us] 2150.42 [in_i]3
[gal_wi] 1 [bu_us]/8
[tbs_us] 0.5 [foz_us]
[tsp_us] 1 [tbs_us]/3
[cup_us] 16 [tbs_us]
[foz_m] 30 mL
[cup_m] 240 mL
[tsp_m] 5 mL
[tbs_m] 15 mL
[gal_br] 4.54609 l
[qt_br] 0.25 [gal_br]
[pt_br] 0.5 [qt_br]
[gil_br] 0.25 [pt_br]
[foz_br] 0.2 [gil_br]
[fdr_br] 0.125 [foz_br]
[min_br] 1 [fdr_br]/60
[gr] 64.79891 mg
[lb_av] 7000 [gr]
[oz_av] 1 [lb_av]/16
[dr_av] 1 [oz_av]/16
[scwt_av] 100 [lb_av]
[lcwt_av] 112 [lb_av]
[ston_av] 2000 [lb_av]
[lton_av] 2240 [lb_av]
[stone_av] 14 [lb_av]
[pwt_tr] 24 [gr]
[oz_tr] 20 [pwt_tr]
[lb_tr] 12 [oz_tr]
[sc_ap] 20 [gr]
[dr_ap] 3 [sc_ap]
[oz_ap] 8 [dr_ap]
[lb_ap] 12 [oz_ap]
[oz_m] 28 g
[lne] 1 [in_i]/12
[pnt] 1 [lne]/6
[pca] 12 [pnt]
[degR] 5 K/9
*cal_th 4.184 J
*[cal_th] 4.184 J
*cal_IT 4.1868 J
*cal_m 4.19002 J
*cal_[15] 4.1858 J
*cal_[20] 4.1819 J
*cal 4.184 J
[Cal] 1 kcal_th
[Btu_th] 1.054350 kJ
[Btu] 1.054350 kJ
[HP] 550 [ft_i].[lbf_av]/s
tex 1 g/km
[den] 1 g/9/km
*m[H2O] 9.80665 kPa
*m[Hg] 133.3220 kPa
[in_i'H2O] 1 m[H2O].[in_i]/m
[in_i'Hg] 1 m[Hg].[in_i]/m
[PRU] 1 mm[Hg].s/ml
[wood'U] 1 mm[Hg].min/L
[diop] 1 /m
[mesh_i] 1 /[in_i]
[Ch] 1 mm/3
[drp] 1 ml/20
[HPF] 100 1
[LPF] 100 1
[MET] 3.5 mL/min/kg
g% 1 g/dl
*kp 1 kgf
att 1 kgf/cm2
atm 101325 Pa
[psi] 1 [lbf_av]/[in_i]2
circ 2 [pi].rad
sph 4 [pi].sr
[car_m] 0.2 g
[car_Au] 1 /24
[smoot] 67 [in_i]
bit 1 1
*By 8 bit
*Bd 1 /s
*st 1 m3
Ao 0.1 nm
b 100 fm2
mho 1 S
"""

METRIC: frozenset[str] = (
    frozenset(BASE) | ARBITRARY | frozenset(line[1:].split()[0] for line in _UNITS.split("\n") if line.startswith("*"))
)

DEFINITIONS: dict[str, tuple[Fraction, str]] = {
    code.removeprefix("*") if len(code) > 1 else code: (Fraction(value), unit)
    for code, value, unit in (line.split() for line in _UNITS.strip().split("\n"))
} | {"[IU]": (Fraction(1), "[iU]")}
