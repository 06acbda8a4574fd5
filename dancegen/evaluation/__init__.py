"""Dances beside ground truth: what ``python -m dancegen.evaluate`` measures, and how one dance is placed.

``measures`` names what is measured of a dance and how a style enters; ``measured_set`` measures many of them with
their controls; ``reference`` is the ground truth that comes with the project, made from pairs by ``ground_truth``;
``comparison`` puts two sets side by side; ``placement`` places a single dance; ``tables`` and ``plot`` write it down;
``motion_files`` and ``generated`` bring the dances.

>>> from dancegen.evaluation import place, shipped_reference
>>> placement = place(motion, grid, "waltz", shipped_reference())
>>> {standing.name: standing.percentile for standing in placement.standings}
"""

from dancegen.evaluation.measured_set import JudgedDance, MeasuredSet, measure_set
from dancegen.evaluation.measures import MEASURES, Measure, StyleStatistics
from dancegen.evaluation.placement import Distance, Placement, Standing, place
from dancegen.evaluation.reference import load_reference, save_reference, shipped_reference

__all__ = [
    "MEASURES",
    "Distance",
    "JudgedDance",
    "Measure",
    "MeasuredSet",
    "Placement",
    "Standing",
    "StyleStatistics",
    "load_reference",
    "measure_set",
    "place",
    "save_reference",
    "shipped_reference",
]
