"""Soft-DTW of one-dimensional sequences, and its divergence, in batches on CPU and GPU.

Soft-DTW is the soft minimum, ``-gamma log sum exp(-cost / gamma)``, of the costs of all monotone alignments of two
sequences: differentiable, unlike the minimum that dynamic time warping takes.

Sources: Cuturi and Blondel, "Soft-DTW: a Differentiable Loss Function for Time-Series" (ICML 2017), for the value and
the backward recursion; Blondel, Mensch and Vert, "Differentiable Divergences Between Time Series" (AISTATS 2021), for
the divergence; Sakoe and Chiba (1978) for the band.

Cell (i, j) of the alignment table lies on the anti-diagonal ``k = i + j`` at the offset ``d = i - j``. All cells of an
anti-diagonal depend only on the two before it, so they are computed at once. Offsets on one anti-diagonal are all even
or all odd: with ``odd = (k + band) % 2`` its slot ``s`` holds the offset ``d = 2 s + odd - band``, and ``band + 1``
slots are enough. The predecessor (i - 1, j) is then slot ``s + odd - 1`` of anti-diagonal ``k - 1``, the predecessor
(i, j - 1) is slot ``s + odd`` of the same, and (i - 1, j - 1) is slot ``s`` of ``k - 2``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd.function import once_differentiable

BLOCKED = -1e30
"""Log weight of a cell that no alignment may use. Finite, because infinities would give NaN in differences."""


def soft_dtw(x: torch.Tensor, y: torch.Tensor, gamma: float, band: int | None = None) -> torch.Tensor:
    """Soft-DTW with squared differences as cost.

    Args:
        x: (B, T) sequences.
        y: (B, T) sequences; row i is compared with row i of ``x``.
        gamma: softness, above 0, in the unit of the cost; towards 0 the value becomes that of hard DTW.
        band: largest difference of the positions that may be aligned (Sakoe-Chiba band); None for no limit.

    Returns:
        (B,) values, also negative ones. Computed in float32 (lower precisions are raised to it) or in float64 when an
        input is float64. Differentiable once, in ``x`` and ``y``.

    Raises:
        ValueError: the shapes differ or are not (B, T) with T > 0, gamma is not above 0, or the band is negative.
    """
    if x.ndim != 2 or x.shape != y.shape or x.shape[1] == 0:
        raise ValueError(f"soft-DTW needs two tensors of one shape (B, T), not {tuple(x.shape)} and {tuple(y.shape)}")
    if not gamma > 0:
        raise ValueError(f"gamma must be above 0, not {gamma}")
    if band is not None and band < 0:
        raise ValueError(f"the band must be 0 or more slots, not {band}")
    dtype = torch.promote_types(torch.promote_types(x.dtype, y.dtype), torch.float32)
    widest = x.shape[1] - 1
    return _SoftDTW.apply(x.to(dtype), y.to(dtype), gamma, widest if band is None else min(band, widest))


def soft_dtw_divergence(x: torch.Tensor, y: torch.Tensor, gamma: float, band: int | None = None) -> torch.Tensor:
    """``soft_dtw(x, y) - (soft_dtw(x, x) + soft_dtw(y, y)) / 2``: zero for equal sequences, which soft-DTW is not.

    That it is never negative is proven for a cost close to the squared difference and holds in practice for ours.
    Arguments, precision and errors are those of :func:`soft_dtw`; the three terms are computed as one batch.

    Returns:
        (B,) divergences.
    """
    values = soft_dtw(torch.cat([x, x, y]), torch.cat([y, x, y]), gamma, band)
    between, within_x, within_y = values.chunk(3)
    return between - (within_x + within_y) / 2


class _SoftDTW(torch.autograd.Function):
    """The recursion over anti-diagonals in log weights ``-cost / gamma``, and its analytic gradient."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, y: torch.Tensor, gamma: float, band: int) -> torch.Tensor:
        length = x.shape[1]
        row, column, allowed = _table_cells(length, band, x.device)
        difference = x.T[row] - y.T[column]
        step = (difference.square() / -gamma).masked_fill_(~allowed[..., None], BLOCKED)

        # log_weight[k + 2, s + 1] is slot s of anti-diagonal k; the border and two diagonals before the first are
        # blocked but for the cell (-1, -1), from which every alignment starts.
        diagonals, slots, batch = step.shape
        log_weight = step.new_full((diagonals + 2, slots + 2, batch), BLOCKED)
        corner = 1 + band // 2
        log_weight[0, corner] = 0
        arrived = torch.empty_like(step)
        for k in range(diagonals):
            odd = (k + band) % 2
            before = log_weight[k + 1]
            torch.logaddexp(before[odd : odd + slots], before[odd + 1 : odd + 1 + slots], out=arrived[k])
            torch.logaddexp(arrived[k], log_weight[k, 1:-1], out=arrived[k])
            torch.add(arrived[k], step[k], out=log_weight[k + 2, 1:-1])

        ctx.save_for_backward(row, column, difference, log_weight, arrived)
        ctx.length, ctx.gamma, ctx.band = length, gamma, band
        return log_weight[-1, corner] * -gamma

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None, None]:
        row, column, difference, log_weight, arrived = ctx.saved_tensors
        diagonals, slots, batch = arrived.shape

        # Share of the alignments in a cell that came from each of its three predecessors.
        share = torch.empty(3, *arrived.shape, dtype=arrived.dtype, device=arrived.device)
        for odd in (0, 1):
            rows = slice((ctx.band + odd) % 2, None, 2)
            before = log_weight[1:-1][rows]
            share[0, rows] = before[:, odd : odd + slots] - arrived[rows]
            share[1, rows] = before[:, odd + 1 : odd + 1 + slots] - arrived[rows]
        torch.sub(log_weight[:-2, 1:-1], arrived, out=share[2])
        share.exp_()

        # Share of all alignments that pass a cell: the derivative of the value by the cell's cost.
        passing = torch.zeros_like(log_weight)
        passing[-1, 1 + ctx.band // 2] = 1
        for k in reversed(range(diagonals)):
            odd = (k + ctx.band) % 2
            here, before = passing[k + 2, 1:-1], passing[k + 1]
            before[odd : odd + slots].addcmul_(here, share[0, k])
            before[odd + 1 : odd + 1 + slots].addcmul_(here, share[1, k])
            passing[k, 1:-1].addcmul_(here, share[2, k])

        by_difference = (passing[2:, 1:-1] * difference).mul_(2 * grad).flatten(0, 1)
        by_row = grad.new_zeros(ctx.length, batch).index_add_(0, row.flatten(), by_difference)
        by_column = grad.new_zeros(ctx.length, batch).index_add_(0, column.flatten(), by_difference)
        return by_row.T, -by_column.T, None, None


def _table_cells(length: int, band: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Row i and column j of each slot (2 length - 1, band + 1), and whether it is a cell of the table in the band."""
    k = torch.arange(2 * length - 1, device=device)[:, None]
    offset = 2 * torch.arange(band + 1, device=device) + (k + band) % 2 - band
    row, column = (k + offset) // 2, (k - offset) // 2
    last = length - 1
    allowed = (offset <= band) & (row >= 0) & (row <= last) & (column >= 0) & (column <= last)
    return row.clamp(0, last), column.clamp(0, last), allowed
