"""What a frozen music encoder knows: small classifiers on its features, task by task.

``task.py`` labelled clips; ``catalogue.py`` the tasks by name; ``encoders.py`` what listens; ``exchange.py`` features
and clips on disk; ``folds.py``, ``heads.py``, ``protocol.py`` the probe itself; ``beat_probe.py`` the same for beats,
``dance_probe.py`` and ``slots.py`` for dances; ``scores.py``, ``table.py`` its results. After MARBLE (Yuan et al.,
"MARBLE: Music Audio Representation Benchmark for Universal Evaluation", NeurIPS 2023).
"""
