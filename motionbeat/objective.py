"""What the encoder is trained for, as one value that travels with the weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

from motionbeat.errors import UserError


@dataclass(frozen=True)
class Objective:
    """Negatives and weights of the training loss ``L_ECL + beat * L_beat + bar * L_bar + anchor * L_anchor``.

    All are our choice: the paper's temperature, counts and weights are not known.

    Attributes:
        temperature: tau of the contrastive loss.
        both_ways: also contrast from motion to music, which the paper's formula does not.
        tempo_negatives: most tempo-aware negatives of an anchor; 0 leaves them out.
        beat_jitter: the anchor's own dance one beat early and one beat late as negatives (the paper's N_jitter).
        fine_jitter: one more, not in the paper: half a beat off, or drifting away as by a tempo 2 to 12 % wrong.
        blind_share: share of the batches whose bar angles are all turned by one random number of slots. Music and
            dance keep step, but where the bar begins must then be heard and seen: with true angles a dance alone tells
            whether it is in step with the labels, and the music tower need not listen.
        beat_weight: of the beat level of the rhythm alignment loss; 0 leaves it out.
        bar_weight: of its bar level; 0 leaves it out.
        anchor_weight: of the term that ties each rhythm head to its own side's signal; used only with one of the two.

    Raises:
        UserError: a value out of range.
    """

    temperature: float = 0.07
    both_ways: bool = False
    tempo_negatives: int = 4
    beat_jitter: bool = True
    fine_jitter: bool = True
    blind_share: float = 0.5
    beat_weight: float = 0.5
    bar_weight: float = 0.5
    anchor_weight: float = 0.1

    def __post_init__(self) -> None:
        weights = (self.beat_weight, self.bar_weight, self.anchor_weight)
        if not (self.temperature > 0 and self.tempo_negatives >= 0 and 0 <= self.blind_share <= 1):
            raise UserError("temperature must be above 0, tempo negatives 0 or more, and blind share from 0 to 1.")
        if not all(0 <= weight < math.inf for weight in weights):
            raise UserError(f"the weights of the loss must be 0 or more, not {weights}.")

    @property
    def aligns_rhythm(self) -> bool:
        """Whether the rhythm heads take part."""
        return self.beat_weight > 0 or self.bar_weight > 0
