"""The figure of a fit, drawn again from its table."""

import numpy as np

from ecs_model import api
from ecs_model.postprocess import fit

HEADS = ("{0}", "fitted {0}", "residual {0}", "band low {0}", "band high {0}")


def test_a_fit_can_be_drawn_again_from_its_table(tmp_path):
    heads = ["t [s]", *(head.format("K_o@tip [mM]") for head in HEADS)]
    rows = [(t, 3 + t, 3.1 + t, -0.1, 2.9 + t, 3.3 + t) for t in range(6)]
    lines = [",".join(heads), *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "fit.csv").write_text("\n".join(lines) + "\n")
    times, (column,) = fit.read(tmp_path / "fit.csv")
    assert (column.name, column.unit) == ("K_o@tip", "mM") and times.tolist() == [*range(6)]
    np.testing.assert_allclose(column.half, 0.2)
    np.testing.assert_allclose(column.measured - column.fitted, -0.1)
    paths = api.plot(tmp_path, ("png", "pdf"), 85.0, "dark")
    assert [path.name for path in paths] == ["fit_dark.png", "fit_dark.pdf"]
