"""Makes reference-figures.json: inputs and what numpy, scipy and scikit-learn say of them. Run once; the result is committed.
numpy 2.4, scipy 1.17, scikit-learn 1.9:  python reference-figures.py > reference-figures.json
"""
import json
import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, kstwobign
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

rng = np.random.default_rng(20260101)


def drift(name, reference, current, bins=10):
    present = reference[~np.isnan(reference)]
    now = current[~np.isnan(current)]
    edges = np.unique(np.quantile(present, np.arange(1, bins) / bins))

    def shares(values, all_values):
        counts = np.bincount(np.searchsorted(edges, values, side='left'), minlength=len(edges) + 1)
        return np.append(counts, len(all_values) - len(values)) / len(all_values)
    a, b = shares(present, reference), shares(now, current)
    af, bf = np.maximum(a, 1e-4), np.maximum(b, 1e-4)
    d = ks_2samp(present, now).statistic
    en = len(present) * len(now) / (len(present) + len(now))
    return dict(name=name, reference=clean(reference), current=clean(current), psi=float(np.sum((bf - af) * np.log(bf / af))),
                jensen_shannon=float(jensenshannon(a, b, base=2)), ks=float(d), ks_p=float(kstwobign.sf(np.sqrt(en) * d)))


def clean(values):
    return [None if np.isnan(v) else round(float(v), 6) for v in values]


def rounded(values):
    return np.round(values, 6)


def missing(values, share):
    values = values.copy()
    values[rng.random(len(values)) < share] = np.nan
    return values


def quality(name, fraud, score):
    score = np.round(score, 4)
    truth, said = calibration_curve(fraud, score, n_bins=10)
    return dict(name=name, fraud=[int(x) for x in fraud], score=[float(x) for x in score], auc=float(roc_auc_score(fraud, score)),
                average_precision=float(average_precision_score(fraud, score)), brier=float(brier_score_loss(fraud, score)),
                calibration=[[float(s), float(t)] for s, t in zip(said, truth)])


cases = []
cases.append(drift('the same distribution', rounded(rng.normal(size=300)), rounded(rng.normal(size=200))))
cases.append(drift('shifted', rounded(rng.normal(size=300)), rounded(rng.normal(0.6, 1.2, size=200))))
cases.append(drift('few values, many ties', rng.integers(0, 4, 200).astype(float), rng.integers(1, 6, 150).astype(float)))
cases.append(drift('more missing', rounded(missing(rng.exponential(size=250), 0.05)), rounded(missing(rng.exponential(size=250), 0.3))))
fraud = rng.random(300) < 0.15
scores = [
    quality('a fair model', fraud, np.clip(rng.normal(0.2 + 0.3 * fraud, 0.15), 0, 1)),
    quality('ties', fraud, np.round(np.clip(rng.normal(0.3 + 0.2 * fraud, 0.2), 0, 1), 1)),
    quality('no better than chance', fraud, rng.random(300)),
]
print(json.dumps(dict(drift=cases, quality=scores)))
