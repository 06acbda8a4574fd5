"""Controls: dances that must score badly, to see whether a metric can tell.

* *Shuffled music*: a dance measured against the beats of another song. Dancing well without hearing is what it has
  left; the difference to the dance's own song is what it owes to the music.
* *Time reversed*: a dance played backwards to its own song. It keeps every speed and pose; feet lift where they were
  planted and weight falls upwards.

What each can show: songs of one style share their tempo within a few per cent, and dances begin with the bar, so the
beats of another song are often its own, a little shifted. On the ballroom waltzes (tempo 80 to 97, most of them 87)
half of the lock survives the shuffle; take other songs from other styles for a control that leaves nothing. To a
steady beat a reversed dance is as periodic as before: measures that forgive a constant phase
(:mod:`dancegen.metrics.beat_energy`, :attr:`dancegen.metrics.beat_lock.BeatLock.value`) cannot see it, those that ask
where in the beat or bar (:meth:`dancegen.metrics.beat_lock.BeatLock.toward`, :mod:`dancegen.metrics.bar_profile`) can.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motionbeat.motion import Motion


def other_songs(songs: Sequence[str], groups: Sequence[str] | None = None) -> list[int]:
    """For each dance, another whose song takes the place of its own.

    Args:
        songs: song of each dance; several dances may share one.
        groups: style of each dance, to take the other song from the same style; None takes it from all.

    Returns:
        Index of a dance for each: the next one, in a circle, of the same group whose song differs.

    Raises:
        ValueError: a group has one song only, or the lengths differ.
    """
    groups = groups if groups is not None else [""] * len(songs)
    if len(groups) != len(songs):
        raise ValueError(f"there are {len(songs)} songs and {len(groups)} groups")
    others = []
    for here, (song, group) in enumerate(zip(songs, groups, strict=True)):
        places = [(here + step) % len(songs) for step in range(1, len(songs))]
        fitting = [place for place in places if groups[place] == group and songs[place] != song]
        if not fitting:
            raise ValueError(f"{song!r} is the only song{f' of {group}' if group else ''}: give another")
        others.append(fitting[0])
    return others


def time_reversed(motion: Motion) -> Motion:
    """The dance played backwards. It carries no contacts: they have to be detected anew."""
    return Motion(np.ascontiguousarray(motion.poses[::-1]), np.ascontiguousarray(motion.trans[::-1]), motion.fps)
