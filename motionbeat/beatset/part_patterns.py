"""Figures of bass, chord and arpeggio parts, written as text.

One group of signs per beat, whose length is its subdivision, as in :mod:`motionbeat.beatset.drum_patterns`.

==========  ==============================================================
``r f o t s``  root, fifth, octave, third, last tone of the chord; capitals are accents
``a n``        tone next to the coming root; the coming root itself
``x X``        whole chord; ``N`` the whole coming chord; ``m`` damped chord
``p P``        power chord, damped and open; ``Q U V`` open, 1, 3 and 5 semitones higher
``1`` .. ``8`` tones of the chord stacked upward
``-``          the note before sounds on; ``.`` silence
==========  ==============================================================
"""

from __future__ import annotations

import numpy as np

PATTERNS: dict[str, tuple[str, ...]] = {
    "bass_rock": (
        "Rr rr rr rr",
        "r- -r -r r-",
        "R- r- r- r-",
        "R-.r ..r- r-.. r-a-",
        "rrrr rrrr rrrr rrrr",
        "R-- -- .- ra",
        "r. rr .r rf",
        "R- -- r- fo",
    ),
    "bass_long": ("R", "R - r -", "R - - -", "R - - n", "r -r - -"),
    "bass_punk": ("rr rr rr rr", "rr rr rr ra", "r- r- r- r-"),
    "bass_gallop": ("r.rr r.rr r.rr r.rr", "rrr. rrr. rrr. rrr.", "r.rr r.rr r.rr r.o."),
    "bass_chug": ("rr rr rr rr", "rrrr rrrr rrrr rrrr", "r.rr .r.r r.rr .rr.", "r--r --r- -r-- r-r-"),
    "bass_offbeat": (
        ".R .R .R .R",
        "..R. ..R. ..R. ..R.",
        ".rRr .rRr .rRr .rRr",
        "..RR ..RR ..RR ..RR",
        "..Ro ..Ro ..Ro ..Ro",
    ),
    "bass_psy": (".rrr .rrr .rrr .rrr", "..rr ..rr ..rr ..rr"),
    "bass_octave": ("r.o. r.o. r.o. r.o.", "ro ro ro ro", "r.oo r.oo r.oo r.oo", "r.o. r.o. r.o. rfo."),
    "bass_house": (
        "R..r ..r. .r.. r.o.",
        ".r.. r..r ..r. .o..",
        "R--. ..r. ..r- .s.o",
        "r... ..r. r..o ..f.",
        "..r. r..r ..r. o.r.",
    ),
    "bass_reese": ("R--- ---- ---- ----", "R--- ---- --r- ----", "R--- --r- ---- r---", "r-.. .... r--- --a-"),
    "bass_wobble": ("R-.. r-r. R--- r.r.", "RRR RRR R-- -- ", "R--- rr.. rrrr r---", "R-r- R-r- rrrrrr R---"),
    "bass_808": ("R--- ---- ..r- ----", "R--- --.. ...r --..", "R--- ---- ---- r-r-", "R--r ---- ..r- --o-"),
    "bass_hop": ("R-.. ..r. ..r- .f..", "r-.r ..r. .r.. f.s.", "R--- ..f. r--- ....", "r..r ..o. s.f. r..a"),
    "bass_funk": ("R..r ..r. .o.r s.ro", "R.o. .r.s .r.. ro.a", "rr.o ..rs .r.. f.sr", "R... .o.r ..r. srfo"),
    "bass_reggae": (
        ".. rr t. f.",
        "R-.. r-t- f--- ....",
        "r.r. t.f. .... r.f.",
        ".. .r rr tf",
        "R--- --.. r.t. f.r.",
        "r..r ..r. f..t ..r.",
    ),
    "bass_steppers": ("r.r. r.r. r.t. f.t.", "R--- r--- t--- f---", "rrr. rr.. rrt. f..."),
    "bass_dembow": ("R--- ---r --r- ----", "R--r --r- R--r --r-", "R--- ---- R--r --r-"),
    "bass_tumbao": ("-- -f -- n-", ".. .f -- n-", ".. .r -- f-", "-- -f -o n-"),
    "bass_salsa": ("r- -f -- n-", "R- -f -- o-", "r- -f -r n-"),
    "bass_bossa": ("R--r f--f R--r f--f", "R--- f--r R--- f--a", "R--r f--- f--f r---"),
    "bass_samba": ("R--r f--f", "r--r F--f", "r-.r F-.f r-.r F-.o"),
    "bass_cumbia": ("R- -- t- f-", "R- .. f- t-", "R- -- f- f-"),
    "bass_tango": ("R- r- f- r-", "R--r -- f- f-", "R--. .r f--- f---", "R. r. r. r."),
    "bass_two": ("R- -- f- --", "R - f -", "r. .. f. ..", "r- .. f- .a"),
    "bass_walk": ("r t f a", "r f o a", "r t f s", "r s f a", "R- t- fr a-", "r o f a"),
    "bass_march": ("R f", "r. f.", "R- f-"),
    "bass_waltz": ("R - -", "R . .", "R - f", "R- -- .a", "r. .. .."),
    "bass_waltz_jazz": ("r f a", "R-- --f a--", "r t f"),
    "bass_afro": ("R--. ..r. f-.r ..o.", "r..r ..f. .r.. f.o.", "R--- ..r. ..f- r---", ".r.r ..o. r..f ..r."),
    "bass_chip": (
        "r.r.o.r. r.r.o.r. r.r.o.r. r.r.o.r.",
        "ro ro ro ro",
        "rrrr rrrr oooo rrrr",
        "r.rr o.rr r.rr o.rr",
        "rf of rf of",
    ),
    "bass_compound": ("r-- f--", "R-- --r", "R-- -- ", "rrr rrr", "r-r r-r", "R-- r-a", "r.. f.."),
    "bass_compound3": ("r-- f-- r--", "R-- --- r-a", "r-r r-r f-f"),
    "bass_odd": ("r- rr -r r-", "R- -- r- r-", "rr rr rr rr", "r. .r r. .r"),
    "bass_odd7_322": ("R - . r - f -", "R - - f - o -", "R . . r . f ."),
    "bass_odd7_223": ("R - r - f - -", "R . f . o . .", "R - o - f - a"),
    "bass_odd9": ("R - r - f - r - -", "R . f . r . o . .", "R - f - o - f - a"),
    "pad": ("x", "x - - -"),
    "stabs": (
        "X.. ... ... ..",
        "x..x ..x. ..x. ....",
        ".... x... .... x.x.",
        "x..x ..x. .x.. x...",
        "..x. ..x. ..x. ..x.",
    ),
    "house_piano": ("X..x ..x. ..x. .x..", "x.x. .x.x ..x. x...", "X--x --x- -x-- x-x-", ".x.x ..x. .x.. x.x."),
    "pluck": ("x..x ..x. .x.. x.x.", "x..x ..x. x..x ..x.", "X.x. .x.x .x.x .x..", "x.x. x..x .x.x ..x."),
    "supersaw": (
        "X-.X -.X- .X-. X-X-",
        "X--- ---- ---- ----",
        "X..X ..X. .X.. X.X.",
        "X.XX .XX. X.XX .XX.",
        ".X-. .X-. .X-. .X-.",
    ),
    "offbeat_chord": (".x .x .x .x", "..X. ..X. ..X. ..X.", "..xx ..x. ..xx ..x."),
    "power_open": ("P--- ---- ---- ----", "P--P --P- P--- ----", "P-P- P-P- P-P- P-P-", "P- -P -P P-", "PP PP PP PP"),
    "power_chug": (
        "pp pp pp pp",
        "Ppp ppp ppp ppp",
        "pppp pppp pppp pppp",
        "P-pp pppp P-pp pppp",
        "pp P- pp P-",
        "p.pp .ppp .pp. P---",
        "ppP- ppP- ppP- P-P-",
        "pppQ --pp ppU- --Q-",
    ),
    "power_gallop": ("p.pp p.pp p.pp p.pp", "p.pp p.pp p.pp P---", "ppp. ppp. ppp. P---", "P-pp p.pp p.pp U-Q-"),
    "power_trem": ("xxxx xxxx xxxx xxxx", "PPPP PPPP PPPP PPPP", "oooo oooo tttt ffff", "rrrr tttt ssss ffff"),
    "power_break": (
        "P..p ..p. .... p..p",
        "p..p ..p. ..pp ..P-",
        "P--- .... p.p. ..p.",
        "p..p ..p. .p.. p..p ..p. .p.. P--- ..Q-",
        "P... ...p p... .... ..pp .... p..p ....",
    ),
    "strum": (
        "x- xx -x xx",
        "x- x- xx xx",
        "X- xx .x x-",
        "xx xx xx xx",
        "x-xx .xxx x-xx .xxx",
        "X--- xx.x x.xx X.x.",
        "x. X. x. X.",
        "x- mx -m x-",
    ),
    "strum_funk": ("xmmx mmxm mxmm xmxm", "..xm ..mx .mx. ..xm", "m.xx .m.x m.x. xm.."),
    "pick": (
        "1- 35 24 53",
        "1-3- 5-4- 3-5- 4-3-",
        "15 35 45 35",
        "1.3. 2.4. 1.3. 2.5.",
        "1 3 2 4",
        "13 52 35 24",
        "1-34 2-43 1-34 2-43",
    ),
    "piano_pop": ("x x x x", "X- x- x- x-", "xx xx xx xx", "x- -x -x x-", "X - x -", "x. .x x. .x", "14 35 24 35"),
    "piano_ballad": ("1- 35 24 35", "x - - -", "x x x x", "1357 5353 2464 5353", "1- 3- 5- 3-"),
    "alberti": ("13 23 13 23", "1323 1323 1323 1323", "15 35 15 35", "1353 2353 1353 2353"),
    "skank": (".X .X .X .X", "..X. ..X. ..X. ..X.", ". X . X", "..xx ..xx ..xx ..xx", "..Xm ..Xm ..Xm ..Xm"),
    "skank_slow": (". X . X", ". X. . X.", ". Xx . Xx"),
    "bubble": (".xXx .xXx .xXx .xXx", ".x.x .x.x .x.x .x.x", "rxXx rxXx rxXx rxXx"),
    "montuno": (
        "X. xx .x .x .x .x .x .x",
        ".x .x .x .x x. xx .x .x",
        "14 25 .3 .5 .4 25 .3 .5",
        "x.x. xx.x .x.x .xN-",
        "1.41 .4.1 .4.1 .41.",
    ),
    "bossa_comp": ("X..x ..x. ..x. .x..", "x-.x -.x- ..x- .x..", "..x. .x.. x..x ..N-", "x... x..x ..x. x..N"),
    "samba_comp": ("x.x. .x.x x.xx .x.x", ".x.x x.x. .xx. x.x.", "x.xx .x.x .xx. x.xN"),
    "dembow_comp": ("x--x --x- x--x --x-", "...x ..x. ...x ..x.", "x... ..x. ...x ..x."),
    "chacha_comp": (".x .x .x .x", "x- .x .x x-", "X. X. X. X.", "xx .x xx .x"),
    "cumbia_comp": (".X .X .X .X", ". X . X", ".Xx .X. .Xx .X."),
    "tango_comp": ("X. x. X. x.", "X. X. X. X.", "X--x -- X- x-", "x. xx X. x."),
    "flamenco_strum": ("Xxx xxx xxx xxx", "x.xx .xx. x.xx .xx.", "X-.x -.x- X-xx x.x.", "Xm mx mX mx"),
    "afro_guitar": ("1.3. 4.3. 2.4. 3.1.", ".3.4 .5.3 .4.3 .2.1", "1353 .453 1353 .42.", "x.xx .x.x .xx. x.x."),
    "jazz_comp": ("x. .x .. ..", ".. .x .. .x", "x.. ..x ... ..x", ".x .. .x ..", "... x.. ... ..N"),
    "freddie": ("x x x x", "x. X. x. X."),
    "oompah": ("r x f x", "r. x. f. x.", "r x r x", "rx fx"),
    "boom_chick": ("r x f x", "r- xx f- xx", "rx fx rx fx"),
    "waltz_comp": (". x x", ". x. x.", ".. x- x-", ". X x"),
    "waltz_pick": ("1 3 5", "13 53 53", "1- 35 35", "1 35 43"),
    "waltz_jazz": ("... ..x ...", ". x- -x", "x.. ..x ...", ".. .x .."),
    "strings_long": ("x - - -", "x", "X - x -"),
    "ostinato": (
        "1111 1111 1111 1111",
        "11 11 11 11",
        "1.11 1.11 1.11 1.11",
        "1131 1131 1141 1131",
        "13 53 13 53",
        "1311 1411 1311 1511",
        "X.xx X.xx X.xx X.xx",
        "111111 111111 111111 111111",
    ),
    "timpani": ("R . . .", "R . r .", "R... .... r... ..rr", "R- -- f- rr"),
    "brass": ("X - - -", "X. .. .. X.", "X... ..xx X... ....", "X - x -", ".. X- -- .."),
    "organ": ("x - x -", "x - - -", "x x x x", "1 3 2 4"),
    "choir": ("x x x x", "x - x x", "x- x- xx x-", "X - x -", "x- -x x- x-"),
    "chip_chord": (
        "123123 123123 123123 123123",
        "1231 2312 1231 2312",
        "xx xx xx xx",
        "x.x. x.x. x.x. x.x.",
        ".x .x .x .x",
    ),
    "slow_pulse": ("x - - -", "1 - 3 -", "1 3 5 3", "x - x -", "1 . . ."),
    "six8": ("1-3 5-3", "135 135", "123 432", "x-- x--", "x-x x-x", "xxx xxx", "1-- 343", "135 653"),
    "six8_strum": ("x-x x-x", "X-- x-x", "xxx xxx", "x-- xxx"),
    "jig_comp": ("r-x r-x", "r.x f.x", "x-x x-x", "r-- x--", "x.x x.x"),
    "slip_comp": ("r-x r-x f-x", "r-- x-- x--", "x-x x-x x-x"),
    "twelve8": ("xxx xxx xxx xxx", "x-- x-- x-- x--", "135 135 135 135", "x-x .-x x-x .-x", "... x.. ... x.."),
    "power_compound": ("ppp ppp ppp ppp", "Ppp ppp Ppp ppp", "P-p p-p P-p p-p", "P-- --- P-- p-p", "p.p p.p p.p p.p"),
    "odd7_322": ("X . . x . x .", "r x x f x f x", "1 3 5 2 4 3 5", "X - - x - x -"),
    "odd7_223": ("X . x . x . .", "r x f x r x x", "1 3 2 4 3 5 4", "X - x - x - -"),
    "odd9": ("X . x . x . x . .", "r x f x r x f x x", "1 3 2 4 1 3 5 4 3", "X - x - x - x - -"),
}


def random_riff(rng: np.random.Generator, beats: int, division: int, heavy: bool) -> str:
    """A riff with rests on some beats: damped and open power chords, or single tones of the chord.

    Args:
        beats: length.
        division: signs per beat.
        heavy: power chords.
    """
    density = float(rng.uniform(0.35, 0.9))
    short, long = ("ppp", "PPQUV") if heavy else ("rrr", "ROFTS")
    signs: list[str] = []
    while len(signs) < beats * division:
        if not signs or rng.random() < density:
            if rng.random() < 0.7:
                signs.append(str(rng.choice(list(short))))
            else:
                signs.append(str(rng.choice(list(long))))
                signs += ["-"] * int(rng.integers(1, division + 1))
        else:
            signs.append(".")
    signs = signs[: beats * division]
    if rng.random() < 0.25:
        signs[0] = "."
    return " ".join("".join(signs[i : i + division]) for i in range(0, len(signs), division))


def random_arpeggio(rng: np.random.Generator, beats: int, division: int) -> str:
    """A broken chord that runs through a bar."""
    top = int(rng.integers(3, 7))
    up = list(range(1, top + 1))
    shape = [up, up[::-1], up + up[-2:0:-1], list(rng.integers(1, top + 1, size=int(rng.choice([4, 8]))))]
    cycle = shape[int(rng.integers(len(shape)))]
    gaps = rng.random(beats * division) < float(rng.choice([0.0, 0.0, 0.15, 0.35]))
    signs = ["." if gap else str(cycle[i % len(cycle)]) for i, gap in enumerate(gaps)]
    return " ".join("".join(signs[i : i + division]) for i in range(0, len(signs), division))


def find_pattern(pool: str, meter: int, rng: np.random.Generator) -> list[str]:
    """Groups of a figure that fills whole bars.

    Args:
        pool: names of :data:`PATTERNS` joined by ``+``; ``*riff4``, ``*heavy4``, ``*arp4`` are made up, with that many
            signs per beat.
    """
    name = str(rng.choice(pool.split("+")))
    if name.startswith("*"):
        division = int(name[-1])
        if name.startswith("*arp"):
            return random_arpeggio(rng, meter, division).split()
        return random_riff(rng, meter * int(rng.integers(1, 3)), division, name.startswith("*heavy")).split()
    texts = PATTERNS[name]
    return fill_bars(texts[int(rng.integers(len(texts)))].split(), meter)


def fill_bars(groups: list[str], meter: int) -> list[str]:
    """Groups repeated or cut so that they last a whole number of bars."""
    if len(groups) % meter == 0:
        return groups
    return [groups[i % len(groups)] for i in range(meter)]
