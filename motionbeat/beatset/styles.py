"""The styles that :mod:`motionbeat.beatset.arrangements` can write, as data."""

from __future__ import annotations

from dataclasses import dataclass

PROGRAMS: dict[str, tuple[int, ...]] = {
    "piano": (0, 0, 1, 2, 3),
    "epiano": (4, 5, 4, 7),
    "organ": (16, 17, 18, 19),
    "church": (19, 20),
    "accordion": (21, 22, 23),
    "nylon": (24,),
    "acoustic": (24, 25, 25),
    "clean": (26, 27, 28),
    "crunch": (29,),
    "heavy": (29, 30, 30),
    "upright": (32,),
    "ebass": (33, 34, 34, 35),
    "slap": (36, 37, 34),
    "synbass": (38, 39, 38, 87),
    "strings": (48, 49, 50, 51),
    "solo_string": (40, 41, 42),
    "pizz": (45, 46),
    "spicc": (48, 45, 44, 48),
    "timpani": (47,),
    "choir": (52, 53, 54),
    "brass": (61, 62, 63, 57),
    "horn": (56, 60, 65, 66, 71),
    "march": (61, 56, 57, 58, 60),
    "reed": (64, 65, 66, 71, 68),
    "flute": (73, 74, 75, 72, 79),
    "folk": (110, 73, 21, 40, 109, 105, 22),
    "east": (21, 71, 111, 104, 107, 40),
    "saw": (81, 81, 90, 62, 80),
    "square": (80, 80, 81),
    "lead": (80, 81, 82, 84, 85, 87),
    "pad": (88, 89, 90, 91, 92, 94, 95, 50),
    "pluck": (11, 12, 108, 46, 28, 5, 13, 24, 98),
    "bell": (8, 9, 10, 11, 14, 98, 112),
    "mallet": (11, 12, 13, 114),
    "vocal": (53, 54, 85, 73, 65, 80),
    "harp": (46, 6, 15, 24),
}
KITS: dict[str, tuple[int, ...]] = {
    "rock": (0, 8, 16, 16),
    "machine": (24, 25, 25, 24, 0),
    "jazz": (32, 40, 0),
    "soft": (0, 40, 32, 8),
    "all": (0, 8, 16, 24, 25),
    "epic": (48, 16, 0),
}


@dataclass(frozen=True)
class Part:
    """A pitched part of a style.

    Attributes:
        role: name of its instrument.
        figures: pools of :mod:`motionbeat.beatset.part_patterns`, joined by ``+``.
        programs: names of :data:`PROGRAMS`, joined by ``+``.
        centre: MIDI pitch around which it plays.
        chance: that a song has it.
        level: 0 plays in every section, 1 from the middling ones on, 2 only in the loudest.
    """

    role: str
    figures: str
    programs: str
    centre: int
    chance: float = 1.0
    level: int = 0


@dataclass(frozen=True)
class Style:
    """What songs of a style have in common.

    Attributes:
        bpm: range of the beat that a musician would count.
        harmony: families of :data:`motionbeat.beatset.harmony.PROGRESSIONS`, joined by ``+``.
        parts: pitched parts other than the tune.
        grooves: names of drum grooves of quiet, middling and loud sections; a name may stand more than once.
        meter: beats per bar.
        division: 2 where beats split in halves, 3 in thirds.
        kit: name of :data:`KITS`.
        tune: programs of the tune, its chance, notes per beat and how much it avoids beats.
        swing: subdivisions per beat that swing (0 for none), and the range of the long one's share.
        feel: ``machine``, ``human`` or ``loose`` timing.
        form: ``song``, ``dance`` (long stretches without kick, builds, drops) or ``plain``.
        bars_per_chord: choices.
        chop: breaks are cut and rearranged.
        push: chance that chords come half a beat early.
    """

    bpm: tuple[float, float]
    harmony: str
    parts: tuple[Part, ...]
    grooves: tuple[str, str, str] = ("", "", "")
    meter: int = 4
    division: int = 2
    kit: str = "rock"
    tune: tuple[str, float, float, float] = ("lead+vocal", 0.7, 1.2, 0.35)
    swing: tuple[int, float, float] = (0, 0.5, 0.5)
    feel: str = "human"
    form: str = "song"
    bars_per_chord: tuple[float, ...] = (1, 1, 1, 2)
    chop: bool = False
    push: float = 0.15


def _bass(figures: str, programs: str = "ebass", chance: float = 0.95, centre: int = 36, level: int = 0) -> Part:
    return Part("bass", figures, programs, centre, chance, level)


_PAD = Part("pad", "pad", "pad+strings", 60, 0.5)
_PIANO = Part("chords", "piano_pop", "piano", 60, 0.5)
_ARP = Part("arp", "*arp4", "pluck+lead+saw", 64, 0.6, 1)
_HEAVY = Part("guitar", "power_open+power_chug+*heavy4", "heavy", 40)
_RIFF = Part("guitar", "*heavy4+*heavy2+power_chug", "heavy", 40)
_STRUM = Part("guitar", "strum", "acoustic+clean", 55, 0.7)
_SINGER = ("vocal+reed+lead", 0.8, 1.1, 0.35)
_SHREDDER = ("crunch+lead", 0.5, 2.2, 0.3)
_DJ = ("saw+square+pluck", 0.6, 1.5, 0.5)

_METAL_PARTS = (
    Part("guitar", "power_chug+power_gallop+*heavy4+power_open", "heavy", 40),
    Part("guitar2", "power_open+*heavy4+power_chug", "heavy", 45, 0.5, 1),
    _bass("bass_chug+bass_rock+bass_gallop", "ebass", 0.9, 33),
    Part("pad", "pad", "strings+choir+pad", 60, 0.25, 1),
)
_TRANCE_PARTS = (
    _bass("bass_offbeat+bass_psy+bass_octave", "synbass", 0.95, 36, 1),
    Part("chords", "supersaw+pad+offbeat_chord", "saw", 62, 0.85, 1),
    Part("arp", "*arp4", "pluck+lead+saw", 67, 0.8),
    _PAD,
)
_HOUSE_PARTS = (
    _bass("bass_house+bass_offbeat+bass_octave", "synbass+ebass", 0.95, 36, 1),
    Part("chords", "house_piano+stabs+offbeat_chord", "piano+organ+epiano+saw", 60, 0.9),
    Part("arp", "*arp4+pluck", "pluck", 67, 0.4),
    _PAD,
)
_DNB_PARTS = (
    _bass("bass_reese+bass_hop+bass_long", "synbass+ebass", 0.95, 36, 1),
    _PAD,
    Part("chords", "stabs+pad+pluck", "epiano+saw+pluck+piano", 60, 0.6),
    Part("arp", "*arp4+*arp2", "pluck+bell", 67, 0.4),
)
_REGGAE_PARTS = (
    _bass("bass_reggae", "ebass+synbass", 1.0, 36),
    Part("guitar", "skank+skank_slow", "clean", 60, 0.9),
    Part("organ", "bubble", "organ", 60, 0.6),
    Part("brass", "stabs+brass", "brass", 62, 0.25, 2),
)
_LATIN_PARTS = (
    _bass("bass_tumbao+bass_salsa", "upright+ebass", 1.0, 36),
    Part("piano", "montuno", "piano", 64, 0.95),
    Part("brass", "stabs+brass", "brass", 62, 0.5, 2),
)
_CINE_PARTS = (
    Part("strings", "ostinato+*arp4", "spicc", 55, 0.95),
    Part("low", "strings_long+ostinato+bass_long", "strings", 38, 0.8),
    Part("brass", "brass+strings_long", "brass", 55, 0.6, 1),
    Part("choir", "strings_long", "choir", 62, 0.4, 2),
    Part("timpani", "timpani", "timpani", 41, 0.5, 1),
)
_CHIP_PARTS = (
    _bass("bass_chip+bass_octave", "square+synbass", 1.0, 43),
    Part("arp", "chip_chord+*arp4", "square", 64, 0.9),
    Part("arp2", "*arp4+*arp2", "square", 72, 0.3, 1),
)
_JIG_PARTS = (
    Part("chords", "jig_comp+six8_strum", "acoustic+accordion+piano", 57, 0.9),
    _bass("bass_compound", "upright", 0.5),
)

STYLES_TABLE: dict[str, Style] = {
    # Rock.
    "rock": Style(
        (95, 170),
        "rock+pop_minor+pop_major",
        (_HEAVY, _bass("bass_rock"), Part("guitar2", "strum+pick", "clean+crunch", 55, 0.5), _PAD),
        (
            "rock_basic rock_quarter rock_toms ballad",
            "rock_basic rock_push rock_two rock_sixteen",
            "rock_basic rock_quarter rock_push rock_two rock_four",
        ),
        tune=_SINGER,
    ),
    "pop_rock": Style(
        (90, 150),
        "pop_major+pop_minor",
        (_STRUM, _bass("bass_rock+bass_long"), _PIANO, _PAD),
        ("ballad rock_stomp rock_basic", "rock_basic rock_push funk", "rock_four rock_basic rock_two rock_snare4"),
        kit="all",
        tune=_SINGER,
        push=0.3,
    ),
    "rock_half_time": Style(
        (120, 170),
        "rock+pop_minor+metal",
        (_HEAVY, _bass("bass_rock+bass_long"), _PAD),
        ("rock_half rock_half_ride", "rock_half rock_half_ride rock_basic", "rock_half_ride rock_half rock_basic"),
        tune=_SINGER,
    ),
    "shuffle_rock": Style(
        (95, 160),
        "blues+rock",
        (Part("guitar", "boom_chick+power_chug+power_open", "heavy+clean", 43), _bass("bass_walk+bass_rock"), _PIANO),
        ("shuffle", "shuffle shuffle_four", "shuffle_four shuffle shuffle_half"),
        swing=(2, 0.6, 0.68),
        tune=_SINGER,
    ),
    "blues_half_shuffle": Style(
        (70, 100),
        "blues+soul",
        (Part("organ", "organ+jazz_comp", "organ+epiano", 58), _bass("bass_walk+bass_two"), _STRUM),
        ("shuffle_half", "shuffle_half shuffle", "shuffle_half shuffle"),
        swing=(2, 0.62, 0.68),
        tune=_SINGER,
    ),
    "punk": Style(
        (150, 208),
        "punk",
        (Part("guitar", "power_open+power_chug", "heavy", 43), _bass("bass_punk")),
        ("rock_toms punk rock_half", "punk dbeat rock_basic", "punk dbeat punk_fast rock_basic"),
        tune=("vocal+crunch", 0.7, 1.4, 0.3),
        push=0.3,
    ),
    "d_beat": Style(
        (140, 205),
        "punk+metal",
        (Part("guitar", "power_open+power_trem", "heavy", 42), _bass("bass_punk")),
        ("dbeat rock_half", "dbeat", "dbeat punk_fast thrash"),
        tune=_SHREDDER,
    ),
    "indie_disco_rock": Style(
        (110, 140),
        "pop_minor+rock",
        (Part("guitar", "strum_funk+pick+offbeat_chord", "clean", 58), _bass("bass_octave+bass_rock"), _PAD),
        ("four_kick rock_basic", "disco rock_four", "disco disco_sixteen rock_four"),
        tune=_SINGER,
    ),
    # Metal: the counted beat stays while the drums change between half time, normal, double time and blasts.
    "heavy_metal": Style(
        (95, 175),
        "metal+pop_minor",
        _METAL_PARTS,
        (
            "metal_half rock_half metal_quarter",
            "metal_quarter dk_eight gallop metal_ride",
            "dk_eight dk_sixteen gallop metal_quarter",
        ),
        tune=_SHREDDER,
    ),
    "gallop_metal": Style(
        (120, 190),
        "metal+pop_minor",
        (
            Part("guitar", "power_gallop", "heavy", 40),
            _bass("bass_gallop", "ebass", 0.9, 33),
            Part("guitar2", "power_open", "heavy", 45, 0.5, 1),
        ),
        ("gallop_half metal_quarter", "gallop rev_gallop dk_eight", "gallop dk_eight thrash"),
        tune=_SHREDDER,
    ),
    "thrash": Style(
        (140, 205),
        "metal",
        _METAL_PARTS,
        ("metal_half metal_quarter", "thrash dk_eight metal_quarter", "thrash thrash_kick dk_eight blast_eight"),
        tune=_SHREDDER,
    ),
    "death_metal": Style(
        (110, 205),
        "metal",
        (
            Part("guitar", "power_trem+*heavy4+power_chug", "heavy", 38),
            _bass("bass_chug", "ebass", 0.9, 31),
            Part("guitar2", "power_trem+power_open", "heavy", 45, 0.5, 1),
        ),
        (
            "dk_half breakdown metal_half",
            "blast dk_sixteen blast_eight thrash",
            "blast blast_bomb blast_hammer dk_sixteen",
        ),
        tune=_SHREDDER,
    ),
    "black_metal": Style(
        (120, 210),
        "metal+pop_minor+cinematic",
        (
            Part("guitar", "power_trem", "heavy", 52),
            _bass("bass_chug+bass_long", "ebass", 0.7, 33),
            Part("pad", "pad", "strings+choir", 62, 0.5),
        ),
        (
            "dk_half rock_half metal_half",
            "blast blast_eight dk_eight",
            "blast blast_bomb blast_hammer blast_eight dbeat",
        ),
        tune=_SHREDDER,
        bars_per_chord=(1, 2, 2),
    ),
    "metalcore": Style(
        (90, 200),
        "metal+pop_minor",
        (
            Part("guitar", "power_break+*heavy4+power_chug", "heavy", 38),
            _bass("bass_chug", "ebass", 0.9, 31),
            Part("lead2", "*arp4", "crunch+lead", 64, 0.4, 1),
            _PAD,
        ),
        (
            "breakdown breakdown_slow breakdown_sync metal_half",
            "metal_quarter dk_eight thrash breakdown",
            "breakdown breakdown_sync dk_sixteen thrash blast_eight",
        ),
        tune=_SHREDDER,
    ),
    "djent": Style(
        (95, 160),
        "drone+metal",
        (
            Part("guitar", "*heavy4", "heavy", 36),
            _bass("*riff4", "ebass", 0.9, 31),
            Part("pad", "pad", "pad", 64, 0.6),
        ),
        ("breakdown metal_half", "metal_half breakdown rock_half", "breakdown metal_half dk_half"),
        tune=_SHREDDER,
        bars_per_chord=(2, 4, 1),
    ),
    "doom": Style(
        (55, 90),
        "metal",
        (Part("guitar", "power_open+*heavy2", "heavy", 38), _bass("bass_long+bass_rock", "ebass", 1.0, 31)),
        ("metal_half rock_quarter", "rock_quarter metal_quarter", "rock_quarter rock_basic metal_quarter"),
        tune=_SHREDDER,
    ),
    "symphonic_metal": Style(
        (100, 190),
        "cinematic+metal+pop_minor",
        (
            *_METAL_PARTS[:1],
            _bass("bass_chug", "ebass", 0.9, 33),
            Part("strings", "ostinato+strings_long", "strings", 60, 0.9),
            Part("choir", "choir+pad", "choir", 62, 0.5, 2),
        ),
        ("taiko metal_half", "dk_eight metal_quarter gallop", "dk_sixteen dk_eight blast_eight gallop"),
        tune=("lead+solo_string+crunch", 0.7, 1.8, 0.25),
    ),
    "metal_12_8": Style(
        (90, 180),
        "metal",
        (Part("guitar", "power_compound+*heavy3", "heavy", 39), _bass("bass_compound", "ebass", 0.9, 32)),
        ("twelve8_half", "twelve8 twelve8_metal", "twelve8_metal twelve8"),
        division=3,
        tune=_SHREDDER,
    ),
    # Four on the floor.
    "house": Style(
        (116, 130),
        "house+edm",
        _HOUSE_PARTS,
        ("house_tops four_kick house", "house house_swing house_perc", "house house_swing disco"),
        kit="machine",
        tune=_DJ,
        feel="machine",
        form="dance",
        swing=(4, 0.5, 0.6),
    ),
    "deep_house": Style(
        (112, 126),
        "house+lofi",
        _HOUSE_PARTS,
        ("house_tops four_kick", "house_swing house_perc", "house_swing house_perc house"),
        kit="machine",
        tune=("flute+epiano+vocal", 0.4, 1.0, 0.5),
        feel="machine",
        form="dance",
        swing=(4, 0.52, 0.62),
    ),
    "piano_house": Style(
        (120, 132),
        "pop_major+house+soul",
        (Part("piano", "house_piano", "piano", 60), _bass("bass_house+bass_octave", "synbass"), _PAD),
        ("house_tops four_kick", "house disco", "house disco euro"),
        kit="machine",
        tune=_DJ,
        feel="machine",
        form="dance",
    ),
    "progressive_house": Style(
        (122, 130),
        "edm+pop_major",
        (
            Part("chords", "pluck+supersaw", "pluck+saw", 64),
            _bass("bass_offbeat+bass_octave+bass_long", "synbass", 0.95, 36, 1),
            Part("arp", "*arp4", "pluck", 70, 0.7),
            _PAD,
        ),
        ("trance_light four_kick offbeat_only", "house trance trance_light", "trance house trance_ride"),
        kit="machine",
        tune=_DJ,
        feel="machine",
        form="dance",
        bars_per_chord=(1, 2),
    ),
    "techno": Style(
        (122, 148),
        "drone",
        (
            _bass("*riff4+bass_psy+bass_offbeat", "synbass", 0.9, 34),
            Part("arp", "*arp4+*riff4", "lead+saw+pluck", 55, 0.8),
            Part("chords", "stabs+pad", "saw+pad", 58, 0.5),
        ),
        ("four_kick techno", "techno techno_roll", "techno techno_roll techno_hard"),
        kit="machine",
        tune=("lead", 0.15, 1.5, 0.5),
        feel="machine",
        form="dance",
        bars_per_chord=(2, 4),
    ),
    "trance": Style(
        (128, 145),
        "edm+pop_minor",
        _TRANCE_PARTS,
        ("trance_light four_kick offbeat_only", "trance trance_light", "trance trance_ride"),
        kit="machine",
        tune=_DJ,
        feel="machine",
        form="dance",
        bars_per_chord=(1, 2),
    ),
    "psytrance": Style(
        (138, 150),
        "drone+modal",
        (_bass("bass_psy", "synbass", 1.0, 33, 1), Part("arp", "*arp4+*riff4", "lead+saw", 62, 0.9), _PAD),
        ("four_kick trance_light", "trance techno", "trance techno_roll trance_ride"),
        kit="machine",
        tune=_DJ,
        feel="machine",
        form="dance",
        bars_per_chord=(2, 4),
    ),
    "big_room": Style(
        (126, 132),
        "edm+drone",
        (_bass("bass_offbeat+*riff4", "synbass", 0.9, 34, 1), Part("chords", "supersaw", "saw", 62), _PAD, _ARP),
        ("four_kick", "trance house", "four_kick techno trance"),
        kit="machine",
        tune=_DJ,
        feel="machine",
        form="dance",
    ),
    "disco": Style(
        (108, 130),
        "soul+pop_minor+house",
        (
            _bass("bass_octave+bass_funk"),
            Part("guitar", "strum_funk", "clean", 60, 0.9),
            Part("strings", "strings_long+stabs", "strings", 67, 0.7),
            Part("piano", "piano_pop+house_piano", "piano+epiano", 60, 0.5),
        ),
        ("disco four_kick", "disco disco_sixteen", "disco disco_sixteen"),
        tune=_SINGER,
    ),
    "eurodance": Style(
        (128, 152),
        "edm+pop_minor",
        (
            _bass("bass_offbeat", "synbass", 0.95, 36),
            Part("chords", "supersaw+stabs+offbeat_chord", "saw+piano", 62),
            _ARP,
            _PAD,
        ),
        ("four_kick trance_light", "euro trance house", "euro trance"),
        kit="machine",
        tune=_DJ,
        feel="machine",
        form="dance",
    ),
    "hardstyle": Style(
        (145, 165),
        "edm+pop_minor",
        (_bass("bass_offbeat+bass_psy", "synbass", 0.8, 34, 1), Part("chords", "supersaw+pad", "saw", 62, 0.9), _ARP),
        ("four_kick", "hardstyle", "hardstyle hardstyle_roll four_kick"),
        kit="machine",
        tune=_DJ,
        feel="machine",
        form="dance",
    ),
    "happy_hardcore": Style(
        (160, 185),
        "edm+pop_major",
        (
            _bass("bass_offbeat", "synbass", 0.9, 36, 1),
            Part("piano", "house_piano+offbeat_chord+supersaw", "piano+saw", 64),
            _ARP,
        ),
        ("four_kick offbeat_only", "euro hardstyle", "euro hardstyle amen_half"),
        kit="machine",
        tune=_DJ,
        feel="machine",
        form="dance",
    ),
    "synthwave": Style(
        (80, 125),
        "pop_minor+edm",
        (_bass("bass_chug+bass_octave", "synbass"), Part("arp", "*arp4+*arp2", "lead+saw", 64, 0.7), _PAD),
        ("four_kick rock_quarter", "rock_basic rock_four electro", "rock_four electro disco"),
        kit="machine",
        tune=_DJ,
        feel="machine",
    ),
    "offbeat_dance": Style(
        (118, 148),
        "edm+house",
        (
            _bass("bass_offbeat", "synbass", 1.0, 38),
            Part("chords", "offbeat_chord+skank", "saw+organ+piano", 62),
            Part("arp", "*arp4", "pluck", 68, 0.4),
        ),
        ("offbeat_only", "trance_light trance offbeat_only", "trance euro"),
        kit="machine",
        tune=("lead+saw", 0.6, 1.5, 0.95),
        feel="machine",
        form="dance",
    ),
    # Broken beats.
    "breakbeat": Style(
        (115, 145),
        "edm+drone+house",
        _DNB_PARTS,
        ("breakbeat house_tops", "breakbeat funky_break big_beat", "big_beat funky_break"),
        kit="all",
        tune=_DJ,
        feel="machine",
        form="dance",
        chop=True,
    ),
    "drum_and_bass": Style(
        (165, 180),
        "edm+lofi+pop_minor",
        _DNB_PARTS,
        ("dnb_half two_step house_tops", "two_step two_step_ghost think", "two_step_ghost dnb_roll amen_half"),
        kit="all",
        tune=_DJ,
        feel="machine",
        form="dance",
        bars_per_chord=(2, 2, 4, 1),
    ),
    "jungle": Style(
        (155, 178),
        "edm+reggae+drone",
        (_bass("bass_reggae+bass_reese", "synbass", 0.95, 34), *_DNB_PARTS[1:]),
        ("amen_half think", "amen amen_half think", "amen amen_half think dnb_roll"),
        kit="all",
        tune=_DJ,
        feel="machine",
        form="dance",
        chop=True,
        bars_per_chord=(2, 4),
    ),
    "liquid_dnb": Style(
        (168, 176),
        "soul+lofi+house",
        (
            _bass("bass_reese+bass_hop", "synbass+ebass"),
            Part("piano", "piano_ballad+pluck+stabs", "piano+epiano", 62),
            _PAD,
        ),
        ("dnb_half house_tops", "two_step two_step_ghost", "dnb_roll two_step_ghost"),
        kit="all",
        tune=_SINGER,
        feel="machine",
        form="dance",
        bars_per_chord=(2, 2, 1),
    ),
    "raggacore": Style(
        (160, 205),
        "reggae+drone+metal",
        (
            _bass("bass_reggae+bass_dembow+*riff4", "synbass", 0.95, 34),
            Part("guitar", "skank+power_chug+power_open", "clean+heavy", 48, 0.8),
            Part("chords", "stabs", "brass+saw", 60, 0.4),
        ),
        ("one_drop dembow dnb_half", "raggacore amen_half dancehall", "raggacore breakcore amen"),
        kit="all",
        tune=_DJ,
        feel="machine",
        form="dance",
        chop=True,
    ),
    "garage": Style(
        (126, 138),
        "house+soul",
        _HOUSE_PARTS,
        ("garage house_tops", "garage", "garage electro"),
        kit="machine",
        tune=_SINGER,
        feel="machine",
        form="dance",
        swing=(4, 0.54, 0.64),
    ),
    "electro": Style(
        (110, 135),
        "drone+edm+chip",
        (_bass("*riff4+bass_octave", "synbass"), _ARP, _PAD),
        ("electro", "electro breakbeat", "electro big_beat"),
        kit="machine",
        tune=_DJ,
        feel="machine",
        form="dance",
    ),
    "dubstep": Style(
        (136, 146),
        "drone+edm+metal",
        (_bass("bass_wobble+*riff4", "synbass", 1.0, 34), Part("chords", "supersaw+pad", "saw+pad", 60, 0.6), _ARP),
        (
            "dubstep dnb_half house_tops",
            "dubstep dubstep_two dubstep_trip",
            "dubstep dubstep_two dubstep_trip breakdown",
        ),
        kit="machine",
        tune=_DJ,
        feel="machine",
        form="dance",
        bars_per_chord=(1, 2, 4),
    ),
    "trap": Style(
        (65, 85),
        "pop_minor+drone+modal",
        (_bass("bass_808", "synbass"), Part("bells", "*arp2+*arp4+pick", "bell+pluck+piano", 68, 0.9), _PAD),
        ("trap_slow", "trap trap_roll trap_slow", "trap trap_roll"),
        kit="machine",
        tune=("flute+bell+lead", 0.4, 1.6, 0.4),
        feel="machine",
    ),
    "hip_hop": Style(
        (78, 104),
        "soul+drone+pop_minor",
        (
            _bass("bass_hop+bass_funk", "ebass+synbass"),
            Part("chords", "stabs+piano_pop+jazz_comp", "epiano+piano+strings", 60),
        ),
        ("boombap", "boombap boombap_two", "boombap_two funky_break"),
        kit="all",
        tune=("vocal+flute+brass", 0.4, 1.8, 0.4),
        swing=(4, 0.53, 0.66),
        feel="human",
    ),
    "lofi": Style(
        (68, 92),
        "lofi+bossa",
        (
            Part("chords", "pad+stabs+piano_ballad+jazz_comp", "epiano+piano+nylon", 58),
            _bass("bass_hop+bass_two", "upright+ebass"),
        ),
        ("lofi", "lofi boombap", "boombap lofi boombap_two"),
        kit="soft",
        tune=("pluck+piano+bell", 0.5, 1.2, 0.5),
        swing=(4, 0.55, 0.68),
        feel="loose",
        form="plain",
    ),
    "rnb": Style(
        (62, 105),
        "soul",
        (
            Part("chords", "pad+stabs+piano_ballad", "epiano+piano", 60),
            _bass("bass_hop+bass_808", "synbass+ebass"),
            _PAD,
        ),
        ("lofi rnb", "rnb boombap", "rnb trap_slow"),
        kit="machine",
        tune=_SINGER,
        swing=(4, 0.5, 0.64),
        push=0.4,
    ),
    "funk": Style(
        (92, 122),
        "drone+soul+blues",
        (
            _bass("bass_funk", "slap+ebass"),
            Part("guitar", "strum_funk", "clean", 62),
            Part("brass", "stabs+brass", "brass", 64, 0.5, 1),
            Part("clav", "*riff4+stabs", "epiano", 55, 0.5),
        ),
        ("funk", "funk funk_linear funky_break", "funk funky_break disco_sixteen"),
        tune=_SINGER,
        swing=(4, 0.5, 0.6),
    ),
    "soul_pop": Style(
        (85, 120),
        "soul+pop_major",
        (
            Part("piano", "piano_pop+stabs", "piano+epiano", 60),
            _bass("bass_funk+bass_rock"),
            Part("brass", "brass+stabs", "brass", 62, 0.4, 2),
        ),
        ("ballad rock_basic", "rock_basic funk", "rock_snare4 rock_four funk"),
        tune=_SINGER,
        push=0.4,
    ),
    # Caribbean, Africa, Latin America.
    "reggae_one_drop": Style(
        (64, 92),
        "reggae",
        _REGGAE_PARTS,
        ("one_drop", "one_drop one_drop_swing", "one_drop_swing rockers"),
        tune=_SINGER,
        swing=(4, 0.5, 0.62),
    ),
    "reggae_rockers": Style(
        (66, 98),
        "reggae",
        _REGGAE_PARTS,
        ("one_drop rockers", "rockers rockers_eight", "rockers_eight steppers_half"),
        tune=_SINGER,
    ),
    "reggae_fast_count": Style(
        (128, 172),
        "reggae",
        (
            _bass("bass_reggae+bass_long"),
            Part("guitar", "skank_slow", "clean", 60),
            Part("organ", "skank+skank_slow", "organ", 60, 0.5),
        ),
        ("one_drop", "rockers one_drop", "rockers steppers_half"),
        tune=_SINGER,
    ),
    "dub_steppers": Style(
        (66, 142),
        "reggae+drone",
        (
            _bass("bass_steppers+bass_reggae", "synbass+ebass"),
            Part("guitar", "skank", "clean+organ", 60),
            Part("organ", "bubble", "organ", 60, 0.4),
        ),
        ("steppers one_drop", "steppers steppers_half", "steppers steppers_half"),
        kit="all",
        tune=("brass+flute+accordion", 0.5, 1.0, 0.4),
        feel="machine",
        form="dance",
    ),
    "ska": Style(
        (115, 190),
        "reggae+pop_major+rock",
        (
            _bass("bass_walk+bass_rock"),
            Part("guitar", "skank", "clean", 62),
            Part("brass", "brass+stabs", "brass", 64, 0.7, 1),
        ),
        ("ska", "ska ska_punk", "ska_punk ska"),
        tune=("brass+reed", 0.7, 1.3, 0.4),
    ),
    "ska_punk": Style(
        (150, 205),
        "punk",
        (
            _bass("bass_walk+bass_punk"),
            Part("guitar", "skank+power_open", "clean+heavy", 50),
            Part("brass", "brass", "brass", 64, 0.5, 2),
        ),
        ("ska", "ska_punk", "punk dbeat punk_fast"),
        tune=_SINGER,
    ),
    "dancehall": Style(
        (85, 110),
        "drone+reggae",
        (
            _bass("bass_dembow+bass_hop", "synbass"),
            Part("chords", "stabs+dembow_comp+skank", "organ+saw+brass", 60, 0.9),
        ),
        ("dembow_light dancehall", "dancehall dembow_light", "dancehall dembow"),
        kit="machine",
        tune=_SINGER,
        feel="machine",
    ),
    "reggaeton": Style(
        (84, 104),
        "pop_minor+latin_minor",
        (_bass("bass_dembow", "synbass"), Part("chords", "dembow_comp+pluck+pick", "pluck+nylon+piano", 62), _PAD),
        ("dembow_light", "dembow dembow_light", "dembow"),
        kit="machine",
        tune=_SINGER,
        feel="machine",
    ),
    "afrobeat": Style(
        (95, 130),
        "drone+modal",
        (
            _bass("bass_afro"),
            Part("guitar", "afro_guitar", "clean", 62),
            Part("organ", "stabs+bubble", "organ+epiano", 60, 0.6),
            Part("brass", "brass+stabs", "brass", 62, 0.6, 1),
        ),
        ("afrobeat afrobeats", "afrobeat", "afrobeat"),
        tune=("reed+brass", 0.6, 1.6, 0.5),
    ),
    "afrobeats": Style(
        (96, 122),
        "pop_major+pop_minor",
        (
            _bass("bass_afro+bass_dembow", "synbass+ebass"),
            Part("guitar", "afro_guitar+pluck", "clean+pluck", 64),
            _PAD,
        ),
        ("afrobeats", "afrobeats afro_log", "afrobeats afro_log dembow_light"),
        kit="machine",
        tune=_SINGER,
        feel="machine",
        push=0.4,
    ),
    "amapiano": Style(
        (108, 116),
        "house+soul",
        (_bass("bass_808+bass_afro", "synbass"), Part("chords", "house_piano+stabs+pad", "piano+epiano", 62)),
        ("house_tops afro_log", "amapiano afro_log", "amapiano"),
        kit="machine",
        tune=("flute+vocal+epiano", 0.4, 1.2, 0.5),
        feel="machine",
        form="dance",
    ),
    "samba": Style(
        (85, 135),
        "bossa+latin_major",
        (_bass("bass_samba", "upright+ebass"), Part("guitar", "samba_comp", "nylon", 58)),
        ("samba", "samba samba_batucada", "samba samba_batucada"),
        tune=("flute+vocal+reed", 0.7, 1.6, 0.6),
    ),
    "bossa": Style(
        (105, 165),
        "bossa",
        (
            Part("guitar", "bossa_comp", "nylon", 57),
            _bass("bass_bossa", "upright"),
            Part("piano", "jazz_comp", "epiano+piano", 60, 0.4),
        ),
        ("bossa_two", "bossa bossa_two", "bossa"),
        kit="soft",
        tune=("flute+reed+vocal", 0.8, 0.9, 0.55),
        feel="loose",
    ),
    "salsa": Style(
        (150, 212),
        "latin_minor+latin_major",
        _LATIN_PARTS,
        ("salsa_32 salsa_23", "salsa_32 salsa_23 salsa_bell", "salsa_bell salsa_32 songo"),
        tune=("horn+vocal", 0.7, 1.0, 0.6),
        push=0.4,
    ),
    "cha_cha": Style(
        (105, 132),
        "latin_minor+latin_major",
        (
            _bass("bass_salsa+bass_tumbao", "upright+ebass"),
            Part("piano", "chacha_comp+montuno", "piano+organ", 62),
            Part("brass", "stabs", "brass+flute", 64, 0.3, 2),
        ),
        ("chacha", "chacha chacha_kit", "chacha chacha_kit"),
        tune=("flute+horn+vocal", 0.7, 1.0, 0.5),
    ),
    "bolero": Style(
        (80, 112),
        "latin_minor+soul",
        (
            Part("guitar", "pick+bossa_comp", "nylon", 57),
            _bass("bass_salsa+bass_two", "upright"),
            Part("strings", "strings_long", "strings", 64, 0.4),
        ),
        ("bolero", "bolero", "bolero"),
        kit="soft",
        tune=("horn+vocal+solo_string", 0.8, 0.8, 0.4),
        feel="loose",
    ),
    "cumbia": Style(
        (84, 112),
        "latin_minor+folk",
        (_bass("bass_cumbia"), Part("chords", "cumbia_comp", "accordion+piano+clean", 62)),
        ("cumbia", "cumbia cumbia_tambora", "cumbia cumbia_tambora"),
        tune=("accordion+flute+reed", 0.8, 1.5, 0.4),
    ),
    "merengue": Style(
        (120, 165),
        "latin_minor+latin_major",
        (
            _bass("bass_two+bass_cumbia"),
            Part("piano", "montuno+cumbia_comp", "piano+accordion", 64),
            Part("brass", "stabs", "brass+reed", 64, 0.5, 1),
        ),
        ("merengue", "merengue", "merengue"),
        tune=("reed+accordion+horn", 0.7, 1.6, 0.4),
    ),
    "tango": Style(
        (55, 132),
        "classical+latin_minor",
        (
            Part("chords", "tango_comp", "accordion+piano", 58),
            _bass("bass_tango", "upright"),
            Part("strings", "strings_long+stabs", "strings", 64, 0.5),
        ),
        ("", "", "tango tango_habanera"),
        kit="soft",
        tune=("solo_string+accordion", 0.8, 1.4, 0.4),
        feel="loose",
    ),
    "flamenco_rumba": Style(
        (90, 130),
        "flamenco+latin_minor",
        (Part("guitar", "flamenco_strum", "nylon", 57), _bass("bass_tumbao+bass_two", "ebass", 0.5)),
        ("", "rumba_flamenca flamenco", "rumba_flamenca"),
        kit="soft",
        tune=("nylon+vocal+flute", 0.7, 1.8, 0.4),
    ),
    # Odd and compound meters.
    "five_four": Style(
        (90, 190),
        "modal+rock+jazz",
        (_bass("bass_odd", "ebass+upright"), Part("chords", "strum+*riff2+stabs", "clean+piano+epiano", 58)),
        ("five_32", "five_rock five_32", "five_rock five_32"),
        meter=5,
        tune=_SINGER,
    ),
    "five_four_swing": Style(
        (130, 200),
        "blues+modal",
        (_bass("bass_walk+bass_two", "upright"), Part("piano", "jazz_comp+boom_chick", "piano", 60)),
        ("five_swing", "five_swing", "five_swing"),
        meter=5,
        kit="jazz",
        swing=(2, 0.6, 0.67),
        tune=("reed", 0.8, 1.2, 0.4),
        feel="loose",
    ),
    "six_four": Style(
        (90, 180),
        "modal+rock+pop_minor",
        (_bass("bass_odd"), Part("guitar", "*heavy2+strum+power_open", "clean+heavy", 50), _PAD),
        ("six_42", "six_rock six_42", "six_rock six_42"),
        meter=6,
        tune=_SINGER,
    ),
    "seven_four": Style(
        (100, 200),
        "modal+rock+metal",
        (_bass("bass_odd+*riff2"), Part("guitar", "*heavy2+*heavy4+power_open", "heavy+clean", 45), _PAD),
        ("seven_43 seven_half", "seven_rock seven_43", "seven_rock seven_half seven_43"),
        meter=7,
        tune=_SHREDDER,
    ),
    "balkan_322": Style(
        (165, 212),
        "modal+folk",
        (Part("chords", "odd7_322", "accordion+acoustic", 57), _bass("bass_odd7_322", "upright+ebass", 0.8)),
        ("odd7_322 odd7_322b", "odd7_322 odd7_322b", "odd7_322 odd7_322b"),
        meter=7,
        tune=("east", 0.9, 0.9, 0.2),
    ),
    "balkan_223": Style(
        (165, 212),
        "modal+folk",
        (Part("chords", "odd7_223", "accordion+acoustic", 57), _bass("bass_odd7_223", "upright+ebass", 0.8)),
        ("odd7_223 odd7_223b", "odd7_223 odd7_223b", "odd7_223 odd7_223b"),
        meter=7,
        tune=("east", 0.9, 0.9, 0.2),
    ),
    "balkan_9": Style(
        (170, 212),
        "modal+folk",
        (Part("chords", "odd9", "accordion+acoustic", 57), _bass("bass_odd9", "upright+ebass", 0.8)),
        ("odd9_2223 odd9_2223b", "odd9_2223 odd9_2223b", "odd9_2223 odd9_2223b"),
        meter=9,
        tune=("east", 0.9, 0.9, 0.2),
    ),
    "six_eight_rock": Style(
        (50, 95),
        "pop_major+pop_minor+rock",
        (Part("guitar", "six8+six8_strum", "clean+acoustic+crunch", 52), _bass("bass_compound"), _PAD),
        ("six8 six8_tom", "six8 six8_full", "six8_full six8 six8_tom"),
        meter=2,
        division=3,
        tune=_SINGER,
    ),
    "six_eight_ballad": Style(
        (50, 68),
        "pop_major+soul+folk",
        (Part("piano", "six8", "piano+acoustic+epiano", 58), _bass("bass_compound"), _PAD),
        ("six8_soft", "six8_soft six8", "six8 six8_full"),
        meter=2,
        division=3,
        kit="soft",
        tune=_SINGER,
        feel="loose",
        bars_per_chord=(1, 2),
    ),
    "twelve_eight_ballad": Style(
        (52, 80),
        "pop_major+soul+blues",
        (Part("piano", "twelve8", "piano+organ+epiano", 60), _bass("bass_compound"), _PAD),
        ("twelve8", "twelve8", "twelve8"),
        division=3,
        tune=_SINGER,
        bars_per_chord=(1, 0.5),
    ),
    "twelve_eight_afro": Style(
        (95, 130),
        "drone+modal",
        (Part("guitar", "*arp3+twelve8", "clean+mallet", 62), _bass("bass_compound")),
        ("twelve8_afro", "twelve8_afro", "twelve8_afro"),
        division=3,
        tune=("flute+mallet", 0.6, 1.6, 0.5),
    ),
    "jig": Style(
        (95, 130),
        "jig",
        _JIG_PARTS,
        ("", "jig_drum jig_bodhran", "jig_bodhran jig_drum"),
        meter=2,
        division=3,
        kit="soft",
        tune=("folk", 1.0, 2.6, 0.0),
        feel="loose",
        bars_per_chord=(1, 1, 2),
    ),
    "slip_jig": Style(
        (100, 135),
        "jig",
        (Part("chords", "slip_comp", "acoustic+accordion", 57, 0.9), _bass("bass_compound3", "upright", 0.5)),
        ("", "slip_drum slip_light", "slip_drum"),
        meter=3,
        division=3,
        kit="soft",
        tune=("folk", 1.0, 2.6, 0.0),
        feel="loose",
    ),
    # Three and two to the bar.
    "folk_waltz": Style(
        (90, 165),
        "folk+classical",
        (Part("guitar", "waltz_comp+waltz_pick", "acoustic+accordion+piano", 57), _bass("bass_waltz", "upright")),
        ("", "waltz_kit waltz_march", "waltz_kit"),
        meter=3,
        kit="soft",
        tune=("folk+solo_string", 0.9, 1.2, 0.15),
        feel="loose",
    ),
    "viennese_waltz": Style(
        (150, 190),
        "classical",
        (
            Part("strings", "waltz_comp", "strings", 58),
            _bass("bass_waltz", "upright+strings"),
            Part("horn", "waltz_comp", "horn", 55, 0.5),
        ),
        ("", "waltz_march", "waltz_march waltz_kit"),
        meter=3,
        kit="soft",
        tune=("strings+flute+reed", 0.95, 0.9, 0.15),
        feel="loose",
        bars_per_chord=(1, 2, 4),
    ),
    "jazz_waltz": Style(
        (110, 190),
        "jazz+blues",
        (Part("piano", "waltz_jazz", "piano+epiano", 60), _bass("bass_waltz_jazz", "upright")),
        ("waltz_jazz", "waltz_jazz", "waltz_jazz"),
        meter=3,
        kit="jazz",
        swing=(2, 0.58, 0.67),
        tune=("reed+horn", 0.8, 1.1, 0.4),
        feel="loose",
    ),
    "pop_waltz": Style(
        (80, 175),
        "pop_major+pop_minor",
        (Part("piano", "waltz_pick+waltz_comp", "piano+acoustic", 60), _bass("bass_waltz"), _PAD),
        ("waltz_rock", "waltz_rock waltz_full", "waltz_full waltz_rock"),
        meter=3,
        tune=_SINGER,
    ),
    "metal_waltz": Style(
        (100, 190),
        "metal",
        (Part("guitar", "*heavy2+power_open", "heavy", 40), _bass("bass_rock", "ebass", 0.9, 33)),
        ("waltz_rock", "waltz_full waltz_rock", "waltz_full"),
        meter=3,
        tune=_SHREDDER,
    ),
    "polka": Style(
        (105, 140),
        "march+folk",
        (Part("chords", "oompah+offbeat_chord", "accordion+piano", 58), _bass("bass_march", "upright+ebass")),
        ("polka_hat", "polka polka_hat", "polka"),
        meter=2,
        kit="soft",
        tune=("accordion+reed+horn", 0.9, 2.0, 0.15),
    ),
    "march": Style(
        (98, 126),
        "march+classical",
        (
            Part("brass", "offbeat_chord+oompah", "march", 58),
            Part("tuba", "bass_march", "march", 40),
            Part("strings", "strings_long", "strings", 62, 0.3),
        ),
        ("march_roll march", "march march_street march_roll", "march_street march"),
        meter=2,
        kit="epic",
        tune=("march+flute", 0.9, 1.5, 0.15),
    ),
    "country": Style(
        (90, 180),
        "folk+pop_major",
        (
            Part("guitar", "boom_chick+strum+pick", "acoustic+clean", 55),
            _bass("bass_two"),
            Part("fiddle", "strings_long", "solo_string", 67, 0.4, 1),
        ),
        ("country train", "train country", "train rock_basic country"),
        tune=("vocal+solo_string+clean", 0.8, 1.3, 0.25),
    ),
    "swing_jazz": Style(
        (110, 210),
        "jazz+blues",
        (Part("piano", "jazz_comp+freddie", "piano+clean", 60), _bass("bass_walk", "upright")),
        ("swing", "swing swing_comp", "swing swing_comp"),
        kit="jazz",
        swing=(2, 0.58, 0.68),
        tune=("reed+horn", 0.85, 1.4, 0.45),
        feel="loose",
        bars_per_chord=(1, 0.5),
    ),
    # Without a drum kit.
    "cinematic": Style(
        (80, 160),
        "cinematic",
        _CINE_PARTS,
        ("", "", "taiko taiko_epic taiko_pulse timpani"),
        kit="epic",
        tune=("horn+strings+choir", 0.6, 0.6, 0.2),
        form="plain",
    ),
    "cinematic_epic": Style(
        (90, 150),
        "cinematic+metal",
        _CINE_PARTS,
        ("taiko_pulse timpani", "taiko taiko_pulse", "taiko taiko_epic"),
        kit="epic",
        tune=("horn+choir+strings", 0.6, 0.6, 0.2),
    ),
    "cinematic_three": Style(
        (90, 180),
        "cinematic+classical",
        (
            Part("strings", "waltz_comp+waltz_pick+*arp2", "spicc", 57),
            Part("low", "bass_waltz", "strings", 40),
            Part("choir", "strings_long", "choir+brass", 60, 0.5, 1),
        ),
        meter=3,
        tune=("horn+strings", 0.7, 0.8, 0.2),
        form="plain",
        feel="loose",
    ),
    "orchestral_light": Style(
        (80, 150),
        "classical",
        (
            Part("strings", "pick+alberti+piano_pop", "pizz+strings", 58),
            Part("low", "bass_two+bass_long", "pizz+strings", 42),
            Part("wood", "strings_long+stabs", "reed+flute", 67, 0.5, 1),
        ),
        tune=("flute+reed+strings", 0.9, 1.3, 0.2),
        feel="loose",
        form="plain",
    ),
    "chiptune": Style(
        (110, 180),
        "chip",
        _CHIP_PARTS,
        ("chip_noise chip", "chip chip_fast chip_noise", "chip_fast chip"),
        kit="machine",
        tune=("square", 0.95, 1.8, 0.3),
        feel="machine",
    ),
    "chiptune_fast": Style(
        (150, 205),
        "chip+edm",
        _CHIP_PARTS,
        ("chip punk", "chip chip_fast punk trance", "chip_fast punk_fast two_step"),
        kit="machine",
        tune=("square", 0.95, 1.8, 0.35),
        feel="machine",
    ),
    "chiptune_bare": Style(
        (100, 180), "chip", _CHIP_PARTS, kit="machine", tune=("square", 1.0, 2.0, 0.3), feel="machine", form="plain"
    ),
    "game_adventure": Style(
        (100, 160),
        "chip+cinematic+pop_major",
        (
            Part("strings", "ostinato+alberti+*arp4", "spicc+harp", 60),
            _bass("bass_rock+bass_two", "ebass+pizz"),
            Part("brass", "brass", "brass", 60, 0.5, 1),
        ),
        ("timpani march", "rock_basic taiko march_street", "rock_push taiko_epic dk_eight"),
        meter=4,
        kit="epic",
        tune=("flute+horn+solo_string", 0.9, 1.3, 0.25),
    ),
    "ambient_pulse": Style(
        (60, 110),
        "cinematic+lofi+edm",
        (
            Part("pad", "pad", "pad", 60),
            Part("pulse", "slow_pulse+*arp2", "pluck+bell+epiano", 64, 0.9),
            _bass("bass_long", "synbass", 0.5),
        ),
        ("", "", "trance_light four_kick lofi"),
        kit="machine",
        tune=("flute+bell+pad", 0.4, 0.5, 0.4),
        feel="machine",
        form="plain",
        bars_per_chord=(1, 2, 4),
    ),
    "guitar_strum": Style(
        (70, 170),
        "folk+pop_major+pop_minor",
        (Part("guitar", "strum", "acoustic+clean", 55),),
        tune=("vocal+flute", 0.5, 1.1, 0.35),
        feel="loose",
        form="plain",
        push=0.3,
    ),
    "guitar_fingerpick": Style(
        (60, 140),
        "folk+pop_major+classical",
        (Part("guitar", "pick+boom_chick", "acoustic", 55),),
        tune=("nylon+flute+vocal", 0.4, 1.0, 0.3),
        feel="loose",
        form="plain",
    ),
    "guitar_fingerpick_three": Style(
        (70, 160),
        "folk+classical",
        (Part("guitar", "waltz_pick+waltz_comp", "acoustic+harp", 55),),
        meter=3,
        tune=("nylon+flute+vocal", 0.5, 1.0, 0.3),
        feel="loose",
        form="plain",
    ),
    "solo_piano": Style(
        (60, 150),
        "pop_major+pop_minor+classical+cinematic",
        (
            Part("piano", "piano_ballad+alberti+piano_pop", "piano", 60),
            Part("left", "bass_two+bass_long+bass_octave", "piano", 40, 0.9),
        ),
        tune=("piano", 0.9, 1.3, 0.3),
        feel="loose",
        form="plain",
    ),
    "ragtime": Style(
        (80, 115),
        "march+classical+blues",
        (Part("piano", "oompah", "piano", 52),),
        tune=("piano", 1.0, 2.4, 0.6),
        feel="human",
        form="plain",
    ),
    "pop_ballad": Style(
        (58, 88),
        "pop_major+soul+pop_minor",
        (
            Part("piano", "piano_ballad+piano_pop", "piano+epiano", 60),
            _bass("bass_long+bass_two", "ebass", 0.9, 36, 1),
            Part("strings", "strings_long", "strings", 62, 0.6, 1),
        ),
        ("", "ballad", "ballad_full rock_basic rock_quarter"),
        kit="soft",
        tune=_SINGER,
        feel="loose",
    ),
    "organ_hymn": Style(
        (60, 110),
        "classical+pop_major",
        (Part("organ", "organ+choir", "church+organ", 58), Part("pedal", "bass_two+bass_long", "church", 40, 0.8)),
        tune=("church+organ", 0.5, 0.8, 0.1),
        feel="loose",
        form="plain",
        bars_per_chord=(1, 0.5),
    ),
    "choir": Style(
        (60, 110),
        "classical+folk+pop_major",
        (Part("choir", "choir+organ", "choir", 60), Part("low", "bass_two+bass_long", "choir", 45, 0.8)),
        tune=("choir", 0.7, 0.9, 0.15),
        feel="loose",
        form="plain",
        bars_per_chord=(1, 0.5),
    ),
    "fiddle_reel": Style(
        (95, 125),
        "jig+folk",
        (Part("guitar", "boom_chick+strum", "acoustic", 55, 0.8),),
        ("", "", "country train"),
        kit="soft",
        tune=("folk", 1.0, 3.2, 0.05),
        feel="loose",
    ),
    "baroque": Style(
        (65, 120),
        "classical",
        (
            Part("chords", "alberti+organ+*arp4", "harp+church", 60),
            Part("low", "bass_walk+bass_two", "solo_string+strings", 43),
        ),
        tune=("flute+solo_string+harp", 0.9, 2.2, 0.1),
        feel="loose",
        form="plain",
        bars_per_chord=(1, 0.5),
    ),
}
