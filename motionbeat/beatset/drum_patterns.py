"""Drum grooves and fills, written as text.

A line of a groove is a drum letter and one group of signs per beat. A group's length is its own subdivision: ``x...``
sixteenths, ``x.`` eighths, ``x..`` triplets. ``X`` is an accent, ``x`` a stroke, ``o`` a ghost stroke, ``?`` a stroke
that a song either has or has not, ``.`` silence. Grooves may span several bars.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Letter -> General MIDI notes among which a song chooses.
DRUMS: dict[str, tuple[int, ...]] = {
    "K": (36, 35),
    "S": (38, 40),
    "R": (37,),
    "C": (39,),
    "H": (42,),
    "O": (46,),
    "P": (44,),
    "D": (51, 59),
    "B": (53,),
    "Z": (49, 57, 55),
    "Y": (52,),
    "1": (50, 48),
    "2": (47, 45),
    "3": (43, 41),
    "M": (54,),
    "A": (70, 69),
    "W": (56,),
    "V": (75,),
    "G": (63, 62),
    "L": (64,),
    "b": (60, 61),
    "t": (65, 66),
    "w": (76, 77),
    "Q": (67, 68),
    "I": (81,),
    "i": (80,),
    "c": (74, 73),
    "U": (41, 43),
}
LEVELS = {"X": 114, "x": 90, "o": 46}

_TEXT = """
= rock_basic
K X... ..?. x.x. ..?.
S .... X... .... X...
H x.x. x.x. x.x. x.x.
= rock_push
K X..? ..x. ..x. ...?
S .... X... .... X...
H X.x. X.x. X.x. X.x.
= rock_sixteen
K X..x ..x. ?.x. ....
S .... X..o .o.. X...
H xoxo xoxo xoxo xoxo
= rock_quarter
K X... .... x.?. ....
S .... X... .... X...
O X... X... X... X...
= rock_four
K X... X... X... X...
S .... X... .... X...
H x.x. x.x. x.x. x.x.
= rock_snare4
K X.x. x.x. x.x. x.x.
S X... X... X... X...
H x.x. x.x. x.x. x.x.
= rock_two
K X... ..x. ..x. .... X... ..x. x.x. ..?.
S .... X... .... X..? .... X... .... X.?x
H x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x.
= rock_toms
K X... ..x. x... ..x.
3 x.x. ..x. x.x. ....
2 .... X... .... X.x.
= rock_half
K X... ..?. .... ..x.
S .... .... X... ....
H x.x. x.x. x.x. x.x.
= rock_half_ride
K X... ...? ..?. ..x.
S .... .... X... ....
D x... x... x... x...
= rock_stomp
K X.x. .... X.x. ....
S .... X... .... X...
C .... X... .... X...
= ballad
K X... .... x.?. ....
R .... X... .... X...
H x.x. x.x. x.x. x.x.
= ballad_full
K X... ...? x.x. ....
S .... X... .... X...
D x.x. x.x. x.x. x.x.
= shuffle
K X.. ..? x.x ..?
S ... X.. ... X..
H x.x x.x x.x x.x
= shuffle_half
K X.. ..? ... ..x
S .o. .o. X.. .o.
H x.x x.x x.x x.x
= shuffle_four
K X.. x.. x.. x..
S ... X.. ... X..
D x.x x.x x.x x.x
= dbeat
K X. .x .x ..
S .. X. .. X.
O x. x. x. x.
= punk
K X. .x x. ..
S .. X. .. X.
H xx xx xx xx
= punk_fast
K X. X. X. X.
S .X .X .X .X
H x. x. x. x.
= thrash
K X. X. X. X.
S .X .X .X .X
H xx xx xx xx
= thrash_kick
K X.xx X.xx X.xx X.xx
S ..X. ..X. ..X. ..X.
D x... x... x... x...
= dk_eight
K xx xx xx xx
S .. X. .. X.
D x. x. x. x.
= dk_sixteen
K Xxxx xxxx Xxxx xxxx
S .... X... .... X...
D x... x... x... x...
= dk_half
K xxxx xxxx xxxx xxxx
S .... .... X... ....
Y X... X... X... X...
= dk_burst
K xxxx .... xxxx ..xx
S .... X... .... X...
Z X... X... X... X...
= gallop
K X.xx X.xx X.xx X.xx
S .... X... .... X...
H x.x. x.x. x.x. x.x.
= gallop_half
K X.xx X.xx ..xx X.xx
S .... .... X... ....
Y X... X... X... X...
= rev_gallop
K xxx. xxx. xxx. xxx.
S .... X... .... X...
D x.x. x.x. x.x. x.x.
= blast
K x.x. x.x. x.x. x.x.
S .x.x .x.x .x.x .x.x
D x.x. x.x. x.x. x.x.
= blast_eight
K x. x. x. x.
S .x .x .x .x
Z x. x. x. x.
= blast_bomb
K xxxx xxxx xxxx xxxx
S x.x. x.x. x.x. x.x.
Z x... x... x... x...
= blast_hammer
K xx xx xx xx
S xx xx xx xx
D xx xx xx xx
= metal_ride
K X..x ..x. ..x. x...
S .... X... .... X...
B X.x. X.x. X.x. X.x.
= metal_quarter
K X.xx ..?. x.xx ..?.
S .... X... .... X...
O X... X... X... X...
= metal_half
K X..x ..x. .... x..?
S .... .... X... ....
Y X... X... X... X...
= breakdown
K X..x ..x. ..?x ..?.
S .... .... X... ....
Y X... X... X... X...
= breakdown_sync
K X..x ..x. .x.. x..x ..x. .x.. X... ..x.
S .... .... X... .... .... .... X... ....
Y X... X... X... X... X... X... X... X...
= breakdown_slow
K X... ...x x... .... ..xx .... x..x ....
S .... .... X... .... .... .... X... ....
Z X... .... X... .... X... .... X... ....
= house
K X... X... X... X...
C .... X... .... X...
O ..X. ..X. ..X. ..X.
H ?.?. ?.?. ?.?. ?.?.
= house_swing
K X... X... X... X...
C .... X... .... X...
H ..Xo .oXo ..Xo .oXo
R ...x .... .x.. ....
= house_tops
H .oXo .oXo .oXo .oXo
C .... X... .... X...
= house_perc
K X... X... X... X...
H ..x. ..x. ..x. ..x.
G ...x ..x. .x.. x...
L ..x. .... ...x ....
= techno
K X... X... X... X...
O ..X. ..X. ..X. ..X.
C ?... X... ?... X...
3 ...? .?.. ..?. .?.?
= techno_roll
K X... X... X... X...
H oxXx oxXx oxXx oxXx
R ..?. ..x. .x.. ?..x
= techno_hard
K X... X... X... X...
D x.x. x.x. x.x. x.x.
S ..x. .x.. x..x ..x.
= trance
K X... X... X... X...
O ..X. ..X. ..X. ..X.
C .... X... .... X...
H x.xx x.xx x.xx x.xx
= trance_ride
K X... X... X... X...
D ..X. ..X. ..X. ..X.
S .... X... .... X...
H xxxx xxxx xxxx xxxx
= trance_light
K X... X... X... X...
H ..x. ..x. ..x. ..x.
= four_kick
K X... X... X... X...
= offbeat_only
O ..X. ..X. ..X. ..X.
H xo.o xo.o xo.o xo.o
= disco
K X... X... X... X...
S .... X... .... X...
H x.o. x.o. x.o. x.o.
O ..X. ..X. ..X. ..X.
= disco_sixteen
K X... X... X... X...
S .... X... .... X..?
H xxox xxox xxox xxox
M ..x. ..x. ..x. ..x.
= euro
K X... X... X... X...
S .... X... .... X...
O ..X. ..X. ..X. ..X.
M xxxx xxxx xxxx xxxx
= hardstyle
K X... X... X... X...
C .... X... .... X...
O ..x. ..x. ..x. ..x.
= hardstyle_roll
K X..x X... X..x X.x.
Z X... .... .... ....
O ..x. ..x. ..x. ..x.
= electro
K X... ...x ..x. ....
C .... X... .... X...
H x.xx x.x. x.xx x.xo
= big_beat
K X.x. ..?x ..x. ..?.
S .... X..o .o.. X..o
H x.x. x.x. x.x. x.x.
M ..x. ..x. ..x. ..x.
= breakbeat
K X..? .... ..x. .?..
S .... X... .... X...
H x.x. x.x. x.x. x.x.
= funky_break
K X.x. ...? ..x. .x..
S .... X..o .o.o X..o
H x.x. x.x. x.x. x.o.
= garage
K X... .... ...x ....
S .... X... .... X...
H ..x. ..xo .ox. ..xo
R ...? ..?. .... ...?
= amen
K x.x. .... ..xx .... x.x. .... ..xx .... x.x. .... ..x. .... ..xx .... ..x. ....
S .... X..o .o.. X..o .... X..o .o.. X..o .... X..o .o.. ..X. .o.. X..o .o.. ..X.
D x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x.
= amen_half
K x.x. .... ..xx .... ..xx .... ..x. ....
S .... X..o .o.. X..o .o.. X..o .o.. ..X.
H x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x.
= think
K X... ..x. ...x .... X... ..x. ..xx ....
S .... X..x .o.. X..o .... X..x .o.. X.o.
M x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x.
= two_step
K X... .... ..X. ....
S .... X... .... X...
H x.x. x.x. x.x. x.x.
= two_step_ghost
K X... ...? ..X. ....
S .... X..o .o.. X..o
D x.x. x.x. x.x. x.x.
H oooo oooo oooo oooo
= dnb_roll
K X... .... ..X. ...? X... ..x. ..X. ....
S .... X... .o.. X... .... X..o .... X.o.
H xoxo xoxo xoxo xoxo xoxo xoxo xoxo xoxo
= dnb_half
K X... .... .... ..x.
S .... .... X... ....
H x.x. x.x. x.x. x.x.
= dubstep
K X... .... ..?. ...x
S .... .... X... ....
H x.x. ..x. x.x. ..xx
= dubstep_two
K X... ..x. .... .... x..x .... ..?. ...x
S .... .... X... .... .... .... X... ..?.
H x..x ..x. x..x ..x. x..x ..x. x.xx x.x.
= dubstep_trip
K X..... ...x.. ...... ......
S ...... ...... X..... ......
H x.x.x. x.x.x. x.x.x. xxxxxx
= trap
K X..... ...x.. ..?... x.....
C ...... X..... ...... X.....
H x..x.. x..x.. x.x.x. x..x..
= trap_roll
K X....... ....x... ..?..... x.......
C ........ X....... ........ X.......
H x.x.x.x. x.x.xxxx x.x.x.x. xxxxxxxx
= trap_slow
K X... ..x. ...? ..x.
S .... X... .... X...
H xxxx xxxx xxxx xxxx
= boombap
K X..? ..x. ..x. ...?
S .... X... .... X...
H x.x. x.x. x.x. x.x.
= boombap_two
K X.x. ...x ..x. .... X.x. .... .xx. ....
S .... X..o .... X... .... X..o .o.. X...
H x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.o.
= lofi
K X... ..?. .x.. ....
R .... X... .... X...
H x.x. x.x. x.x. x.x.
= rnb
K X..x .... ..x. .?..
C .... X... .... X...
H x.xx x.x. x.xx x.x.
A ..x. ..x. ..x. ..x.
= funk
K X.?. ..x. ..x. .x..
S .... X..o .o.o X..o
H xxxx xxxx xxxx xxxx
= funk_linear
K X..x .... ..x. x...
S .... X..o .o.. X.o.
H .xx. x.x. x..x ..xx
= one_drop
K .... .... X... ....
R .... .... X... ....
H x.x. x.x. x.x. x.xo
= one_drop_swing
K .... .... X... ....
R ...? ..?. X... ..?.
H X.x. X.x. X.x. X.xx
= rockers
K X... .... X... ....
S .... .... X... ....
H x.x. x.x. x.x. x.x.
= rockers_eight
K X.x. x.x. X.x. x.x.
R .... .... X... ....
H x.x. x.x. x.x. x.x.
= steppers
K X... X... X... X...
R ...? ..x. .... X...
H ..x. ..x. ..x. ..x.
= steppers_half
K X... X... X... X...
S .... .... X... ....
H x.xo x.xo x.xo x.xo
= ska
K .... X... .... X...
S .... X... .... X...
H ..X. ..X. ..X. ..X.
= ska_punk
K X... .... X... ....
S .... X... .... X...
H x.x. x.x. x.x. x.x.
O ..x. ..x. ..x. ..x.
= dancehall
K X... ..X. X... ..X.
R ...X .... ...X ....
H x.x. x.x. x.x. x.x.
= dembow
K X... X... X... X...
S ...X ..X. ...X ..X.
H x.x. x.x. x.x. x.x.
= dembow_light
K X... .... X... ....
R ...X ..X. ...X ..X.
A xxxx xxxx xxxx xxxx
= raggacore
K X... ...X ..X. x..x X.x. .... ..xx ....
S ...X ..X. ...X ..X. .... X..o .o.. X.xx
H x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x.
= breakcore
K X.x. ..xx ..x. .x.. xxxx ..x. ..xx ....
S .... X..x .x.. X..x .x.. X.xx .x.. xxxx
H x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x.
= afrobeat
K X... ..x. ..x. ....
S .... ..x. .x.. x..x
H x.xx x.xx x.xx x.xx
A x.x. x.x. x.x. x.x.
W x..x ..x. x.x. x.x.
= afrobeats
K X... ...? ..x. ....
R ...x ..x. ...x ..x.
A xoxo xoxo xoxo xoxo
= afro_log
K X... .... X... ....
L ...x ..x. ..xx ....
A x.xx x.xx x.xx x.xx
= amapiano
K X... X... X... X...
A xxXx xxXx xxXx xxXx
3 ...x ..x. .x.. ..xx
R ..x. .... ..x. ...x
= samba
U o... X... o... X...
K x..x x..x x..x x..x
A XxxX XxxX XxxX XxxX
M x.xx .x.x .xx. x.x.
= samba_batucada
U o... X..x o... X...
S Xoox ooXo oXoo XoXo
Q x.x. .xx. x.x. xx.x
= bossa
K X..x X..x X..x X..x
R X..x ..x. ..x. .x..
H xxxx xxxx xxxx xxxx
= bossa_two
K X..x X..x X..x X..x X..x X..x X..x X..x
R X..x ..x. ..x. ..x. ..x. ..x. x..x ..x.
A x.x. x.x. x.x. x.x. x.x. x.x. x.x. x.x.
= salsa_32
V X. .x .. x. .. x. x. ..
W x. xx x. xx x. xx x. xx
G .. x. .. xx .. x. .. xx
L .. .. .. .x .. .. .. xx
= salsa_23
V .. x. x. .. X. .x .. x.
W x. xx x. xx x. xx x. xx
t .x .x xx .x x. xx .x .x
G .. x. .. xx .. x. .. xx
= salsa_bell
B x. x. xx x. x. xx xx .x
G .. x. .. xx .. x. .. xx
V .. x. x. .. X. .x .. x.
K .. .x .. .. .. .x .. x.
= songo
K .. .x .. .x .. .x .. .x
R .. x. .. .x x. x. .. xx
H x. x. x. x. x. x. x. x.
G .. .. .. xx .. .. .. xx
= chacha
W x. x. x. x.
c x. xx x. xx
G .. x. .. xx
L .. .. .. .x
= chacha_kit
K X. .. .. x.
W X. x. x. x.
R .. x. .. ..
2 .. .. .. xx
= bolero
A x.xx x.x. x.x. x.x.
b X.xo x.xo x.xo x.xo
L .... .... .... x.x.
= cumbia
K X... X... X... X...
c x.xx x.xx x.xx x.xx
L .... ..x. .... ..x.
R .... x... .... x...
= cumbia_tambora
U X... ..x. X... ..x.
c x.xx x.xx x.xx x.xx
w ..x. ..x. ..x. ..x.
= merengue
K X... X... X... X...
t xoxx xoxx xoxo xxxx
c x.xx x.xx x.xx x.xx
= tango
K X... x... x... x...
S .... .... .... ..xx
= tango_habanera
K X..x x.x. X..x x.x.
= tango_marcato
R X. x. X. x.
= flamenco
C X.. x.. x.. x..
= rumba_flamenca
C ..x. ..x. ..x. ..x.
G X..x ..X. X..x ..X.
R x... ..x. x... ..x.
= swing
D x.. x.x x.. x.x
P ... x.. ... x..
K o.. o.. o.. o..
= swing_comp
D x.. x.x x.. x.x
P ... x.. ... x..
S ..? ... .?. ..x
= train
S oXoo XooX oooX oXoo
K X... x... X... x...
= country
K X... .... X... ....
R .... X... .... X...
H x.x. x.x. x.x. x.x.
= waltz_kit
K X. .. ..
S .. x. x.
H x. x. x.
= waltz_ballad
K X.. ... ..?
R ... x.. x..
= waltz_rock
K X... ..?. ....
S .... .... X...
H x.x. x.x. x.x.
= waltz_full
K X... ..?. x.x.
S .... X... ....
D x.x. x.x. x.x.
= waltz_jazz
D x.. x.x x..
P ... x.. ...
K X.. ..? ...
= waltz_march
K X . .
S . X X
Z ? . .
= polka
K X. X.
S .X .X
= polka_hat
K X. X.
H .X .X
S .. .?
= march
K X... x...
S x.xx x.xx
= march_street
K X... .... x... ....
S Xxxx Xxxx Xxxx xxXx
Z X... .... X... ....
= march_roll
K X. x. X. x.
S .x .x .x xx
Z ?. .. ?. ..
= timpani
U X... .... x... ..xx
= taiko
U X..x ..x. X.xx ....
3 ..x. x..x ..x. xxxx
K X... .... X... ....
= taiko_epic
U X... x.x. X... x.xx
K X... .... X... ....
Z X... .... .... ....
= taiko_pulse
3 Xx xx Xx xx
K X. .. .. ..
= chip
K X... .... X... ....
S .... X... .... X...
H x.x. x.x. x.x. x.x.
= chip_fast
K X... ..x. x... ....
S .... X... .... X..x
H xxxx xxxx xxxx xxxx
= chip_noise
H X.x. X.x. X.x. X.x.
S .... X... .... X...
= six8
K X.. ..?
S ... X..
H xxx xxx
= six8_full
K X..... x...?.
S ...... X.....
D x.x.x. x.x.x.
= six8_soft
K X.. ...
R ... x..
H xxx xxx
= six8_tom
K X.. ..x
3 x.x ...
2 ... X.x
= jig_drum
K X.. x..
M x.x x.x
= jig_bodhran
3 Xox xox
U X.. x..
= slip_drum
3 Xox xox xox
U X.. x.. x..
= slip_light
M X.x x.x x.x
K X.. ... ...
= twelve8
K X.. ..? x.x ..?
S ... X.. ... X..
H xxx xxx xxx xxx
= twelve8_half
K X.. ..? ..? ..x
S ... ... X.. ...
H xxx xxx xxx xxx
= twelve8_metal
K Xxx xxx Xxx xxx
S ... ... X.. ...
Y X.. X.. X.. X..
= twelve8_afro
Q x.x .xx .x. x.x
G .xx .xx .xx .xx
K X.. x.. x.. x..
= five_rock
K X. .x .. x. .x
S .. X. .. X. ..
H xx xx xx xx xx
= five_32
K X. .. x. X. ..
S .. .. X. .. X.
D x. x. x. x. x.
= five_swing
D x.. x.x x.. x.. x.x
P ... x.. ... ... x..
K X.. ... ..x x.. ...
= six_rock
K X. .. x. X. .x ..
S .. .. X. .. .. X.
H xx xx xx xx xx xx
= six_42
K X. .. x. .x X. ..
S .. X. .. X. .. X.
D x. x. x. x. x. x.
= seven_rock
K X. .x .. x. .. x. .x
S .. X. .. X. .. X. ..
H xx xx xx xx xx xx xx
= seven_43
K X. .. x. .. X. .x ..
S .. X. .. X. .. X. X.
D x. x. x. x. x. x. x.
= seven_half
K X. .. .. x. .. x. ..
S .. .. X. .. .. .. X.
Z x. x. x. x. x. x. x.
= odd7_322
K X . . x . x .
S . . x . x . X
H x x x x x x x
= odd7_322b
U X . o x o x o
t X ox xo X xx X ox
= odd7_223
K X . x . x . .
S . X . X . . X
D x x x x x x x
= odd7_223b
U X o x o x o o
M x x x x x x x
w . . . x . ? x
= odd9_2223
K X . x . x . x . .
S . x . x . x . x X
H x x x x x x x x x
= odd9_2223b
U X o x o x o X o o
M x x x x x x x x x
"""


@dataclass(frozen=True)
class Groove:
    """Strokes of a repeating drum figure.

    Attributes:
        beats: length of the figure in beats.
        strokes: (beat, drum letter, sign) in order of time.
    """

    beats: int
    strokes: tuple[tuple[float, str, str], ...]


def _parse(text: str) -> dict[str, Groove]:
    """Grooves by name from the notation in the module docstring."""
    grooves = {}
    for block in text.split("= ")[1:]:
        name, *lines = block.strip().splitlines()
        strokes = []
        lengths = set()
        for line in lines:
            drum, *groups = line.split()
            lengths.add(len(groups))
            for beat, group in enumerate(groups):
                strokes += [(beat + i / len(group), drum, sign) for i, sign in enumerate(group) if sign != "."]
        if len(lengths) != 1:
            raise ValueError(f"groove {name}: lines of {sorted(lengths)} beats")
        grooves[name] = Groove(lengths.pop(), tuple(sorted(strokes)))
    return grooves


GROOVES = _parse(_TEXT)
Stroke = tuple[float, str, float]
"""Beat, drum letter, velocity."""


def settle(groove: Groove, rng: np.random.Generator) -> Groove:
    """The groove with each optional stroke decided and, sometimes, another cymbal keeping time."""
    strokes = [s for s in groove.strokes if s[2] != "?" or rng.random() < 0.5]
    swaps = {"H": "DOPMA", "D": "HBO", "S": "SSC"}
    swap = {drum: str(rng.choice(list(into))) for drum, into in swaps.items() if rng.random() < 0.15}
    return Groove(
        groove.beats, tuple((beat, swap.get(drum, drum), sign.replace("?", "x")) for beat, drum, sign in strokes)
    )


def chop(groove: Groove, bar: int, rng: np.random.Generator) -> Groove:
    """The groove with its half bars in another order, as samplers cut breaks; the first stays in place."""
    half = bar // 2
    count = groove.beats // half
    order = [0, *(rng.permutation(count - 1) + 1)] if rng.random() < 0.5 else [0, *rng.integers(0, count, count - 1)]
    strokes = [
        (beat - source * half + place * half, drum, sign)
        for place, source in enumerate(order)
        for beat, drum, sign in groove.strokes
        if source * half <= beat < (source + 1) * half
    ]
    return Groove(groove.beats, tuple(sorted(strokes)))


def _roll(rng: np.random.Generator, length: float, step: float) -> list[Stroke]:
    """Snare strokes that grow louder."""
    times = np.arange(0, length - 1e-6, step)
    return [(float(t), "S", 55 + 60 * (i + 1) / len(times)) for i, t in enumerate(times)]


def _toms(rng: np.random.Generator, length: float, step: float) -> list[Stroke]:
    """Strokes from the snare down the toms."""
    times = np.arange(0, length - 1e-6, step)
    drums = "S123"
    return [
        (float(t), drums[min(int(4 * t / length), 3)], float(rng.integers(85, 118)))
        for t in times
        if t == 0 or rng.random() < 0.9
    ]


def _linear(rng: np.random.Generator, length: float, step: float) -> list[Stroke]:
    """Kick, snare and toms one after the other."""
    times = np.arange(0, length - 1e-6, step)
    return [(float(t), str(rng.choice(list("KSS123K"))), float(rng.integers(75, 118))) for t in times]


def _unison(rng: np.random.Generator, length: float, step: float) -> list[Stroke]:
    """A few hits by kick and snare together."""
    times = [t for t in np.arange(0, length - 1e-6, 2 * step) if rng.random() < 0.55]
    return [(float(t), drum, 112.0) for t in times for drum in "KS"]


def _pickup(rng: np.random.Generator, length: float, step: float) -> list[Stroke]:
    """One or two snare strokes just before the bar line."""
    count = int(rng.integers(1, 3))
    return [(length - step * (i + 1), "S", 105.0) for i in range(count)]


def _rest(rng: np.random.Generator, length: float, step: float) -> list[Stroke]:
    """Silence."""
    return []


FILLS: tuple[Callable[[np.random.Generator, float, float], list[Stroke]], ...] = (
    _roll,
    _toms,
    _toms,
    _linear,
    _unison,
    _pickup,
    _rest,
)


def fill(rng: np.random.Generator, length: float, division: int, bpm: float) -> list[Stroke]:
    """A drum fill.

    Args:
        length: in beats.
        division: 2 where beats split in halves, 3 in thirds.
        bpm: beats per minute; decides how fine the strokes can be.
    """
    if division == 3:
        step = 1 / 3 if bpm > 75 else 1 / 6
    else:
        step = float(rng.choice([1 / 4, 1 / 4, 1 / 3, 1 / 2])) if bpm < 185 else 1 / 2
        if bpm < 100 and rng.random() < 0.3:
            step = 1 / 6
    return FILLS[int(rng.integers(len(FILLS)))](rng, length, step)
