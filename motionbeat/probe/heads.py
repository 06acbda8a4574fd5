"""The two heads that are trained on frozen features: a linear one, and one with a hidden layer.

Both standardise every dimension by the clips they are fitted on. After MARBLE: one hidden layer of 512, ReLU, dropout
0.2, Adam (its weight decay decoupled), the rate halved on a plateau, early stop.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn import functional as F

from motionbeat.probe.task import Kind

STRENGTHS = (0.01, 0.1, 1.0, 10.0)
"""Grid of the linear head: ``C`` of scikit-learn's logistic regression, 10 / ``alpha`` of its ridge regression."""
RIDGES = (10.0, 100.0, 1000.0, 10000.0)
"""Grid of the regression that views are compared with; chosen by leaving one clip out of what it is fitted on."""


@dataclass(frozen=True)
class MlpSetting:
    """Step size and weight decay of Adam."""

    rate: float
    decay: float


SETTINGS = (MlpSetting(1e-3, 0.0), MlpSetting(1e-3, 1e-2), MlpSetting(5e-3, 0.0), MlpSetting(5e-3, 1e-2))
"""Grid of the head with a hidden layer."""
HIDDEN = 512
DROPOUT = 0.2
BATCH = 64
MOST_EPOCHS = 100
PATIENCE = 10
HALVE_AFTER = 3
"""Epochs without a better validation loss until training ends, and until the rate is halved."""

_MOST_STEPS = 300


def fit_quickly(kind: Kind, x: np.ndarray, target: np.ndarray, classes: int) -> Pipeline:
    """Standardisation and ridge regression onto 0 and 1 for classes and tags, onto the numbers for values: nearly as
    good as :func:`fit_linear` for comparing views, and a hundred times as quick. ``predict`` gives (n, classes).

    Args:
        kind: of the task, no beats.
        x: (n, K) features.
        target: (n,) or (n, classes).
        classes: how many outputs.
    """
    wanted = np.eye(classes)[target] if kind is Kind.CLASS else target
    return make_pipeline(StandardScaler(), RidgeCV(RIDGES)).fit(x, wanted)


def fit_linear(kind: Kind, strength: float, x: np.ndarray, target: np.ndarray) -> Pipeline:
    """Standardisation and a linear head: multinomial logistic regression for classes, one logistic regression a tag,
    ridge regression for values.

    Args:
        kind: of the task, no beats.
        strength: see :data:`STRENGTHS`; more of it is less shrinkage.
        x: (n, K) features.
        target: (n,) or (n, classes).
    """
    head: Any
    if kind is Kind.VALUES:
        head = Ridge(alpha=10.0 / strength)
    elif kind is Kind.TAGS:
        head = OneVsRestClassifier(LogisticRegression(C=strength, solver="liblinear"))
    else:
        head = LogisticRegression(C=strength, max_iter=_MOST_STEPS, tol=1e-3)
    with warnings.catch_warnings():
        # weak shrinkage may want more steps, and a tag may be alike in all clips: bad for the score, not wrong
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="Label .* is present in all")
        return make_pipeline(StandardScaler(), head).fit(x, target)


def linear_outputs(kind: Kind, head: Pipeline, x: np.ndarray, classes: int) -> np.ndarray:
    """(n, classes) probabilities or values; classes that the head was never shown get 0."""
    if kind is Kind.VALUES:
        return head.predict(x).reshape(len(x), classes)
    said = head.predict_proba(x)
    if kind is Kind.TAGS:
        return said
    outputs = np.zeros((len(x), classes))
    outputs[:, head.classes_] = said
    return outputs


class HiddenLayer(nn.Module):
    """Standardisation, one hidden layer, outputs.

    Args:
        mean, deviation: (K,) of the features in training.
        outputs: how many.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, mean: np.ndarray, deviation: np.ndarray, outputs: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(mean.astype(np.float32)))
        # what never changed in training says nothing
        self.register_buffer("deviation", torch.from_numpy(np.where(deviation > 0, deviation, 1).astype(np.float32)))
        self.layers = nn.Sequential(
            nn.Linear(len(mean), HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, outputs)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, K) -> (n, outputs) logits or values."""
        return self.layers((x - self.mean) / self.deviation)


@dataclass(frozen=True, eq=False)
class TrainedMlp:
    """A head at its best epoch.

    Attributes:
        network: in evaluation mode.
        loss: on the validation part.
    """

    network: HiddenLayer
    loss: float


def fit_mlp(
    kind: Kind,
    setting: MlpSetting,
    seed: int,
    classes: int,
    fit: tuple[np.ndarray, np.ndarray],
    judge: tuple[np.ndarray, np.ndarray],
) -> TrainedMlp:
    """Train the head with a hidden layer until the loss on ``judge`` no longer falls.

    Args:
        kind: of the task, no beats.
        setting: of Adam.
        seed: of weights, dropout and order.
        classes: how many outputs.
        fit: (n, K) features and their targets.
        judge: the same of the validation part.
    """
    x, y = torch.from_numpy(fit[0]), _tensor(fit[1])
    judged, wanted = torch.from_numpy(judge[0]), _tensor(judge[1])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = HiddenLayer(fit[0].mean(axis=0), fit[0].std(axis=0), classes)
        adam = torch.optim.AdamW(network.parameters(), lr=setting.rate, weight_decay=setting.decay)
        halving = torch.optim.lr_scheduler.ReduceLROnPlateau(adam, factor=0.5, patience=HALVE_AFTER)
        best, best_loss, waited = copy.deepcopy(network.state_dict()), float("inf"), 0
        for _ in range(MOST_EPOCHS):
            network.train()
            for batch in torch.randperm(len(x)).split(BATCH):
                adam.zero_grad()
                _loss(kind, network(x[batch]), y[batch]).backward()
                adam.step()
            network.eval()
            with torch.no_grad():
                loss = float(_loss(kind, network(judged), wanted))
            halving.step(loss)
            waited += 1
            if loss < best_loss:
                best, best_loss, waited = copy.deepcopy(network.state_dict()), loss, 0
            if waited >= PATIENCE:
                break
    network.load_state_dict(best)
    return TrainedMlp(network.eval(), best_loss)


@torch.no_grad()
def mlp_outputs(kind: Kind, head: TrainedMlp, x: np.ndarray) -> np.ndarray:
    """(n, classes) probabilities or values."""
    said = head.network(torch.from_numpy(x))
    if kind is Kind.CLASS:
        said = torch.softmax(said, dim=1)
    elif kind is Kind.TAGS:
        said = torch.sigmoid(said)
    return said.numpy()


def _tensor(target: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(target)


def _loss(kind: Kind, said: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    if kind is Kind.CLASS:
        return F.cross_entropy(said, target)
    if kind is Kind.TAGS:
        return F.binary_cross_entropy_with_logits(said, target)
    return F.mse_loss(said, target)
