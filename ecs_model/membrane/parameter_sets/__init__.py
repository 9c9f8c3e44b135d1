"""Published parameter sets, one paper a file; a further one is a file and a line here."""

from ecs_model.membrane.parameter_sets import huebel_dahlem_2014, mori_2015

BUILT_IN = (mori_2015.SET, huebel_dahlem_2014.SET)
