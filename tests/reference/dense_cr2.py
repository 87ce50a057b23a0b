"""CR2 with Bell-McCaffrey degrees of freedom, written with full matrices and matrix roots: slow, obvious, and only for tests.

Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, identity working covariance.
"""

import numpy as np


def symmetric_root_inverse(matrix):
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    roots = np.array([1 / np.sqrt(value) if value > 1e-8 else 0.0 for value in values])
    return vectors @ np.diag(roots) @ vectors.T


def dense_cr2(y, design, weights, clusters, column):
    """Coefficient, variance and degrees of freedom of one column of a weighted regression."""
    n = len(y)
    w = np.diag(weights)
    bread = np.linalg.pinv(design.T @ w @ design)
    hat = design @ bread @ design.T @ w
    beta = bread @ design.T @ w @ y
    residual = y - design @ beta
    rest = np.eye(n) - hat
    c = np.eye(design.shape[1])[column]
    variance, columns = 0.0, []
    for cluster in sorted(set(clusters)):
        rows = [i for i in range(n) if clusters[i] == cluster]
        adjust = symmetric_root_inverse((rest @ rest.T)[np.ix_(rows, rows)])
        p = adjust @ w[np.ix_(rows, rows)] @ design[rows] @ bread @ c
        variance += float(p @ residual[rows]) ** 2
        columns.append(rest[rows].T @ p)
    g = np.array(columns)
    products = g @ g.T
    squares = float((products**2).sum())
    return float(beta @ c), variance, float(np.trace(products)) ** 2 / squares if squares > 0 else float("nan")
