"""Tables as instruments and spreadsheets write them: read right, or refused with the row."""

import numpy as np
import pytest

from ecs_model.config.reader import read_config
from ecs_model.errors import ConfigError
from ecs_model.files.number_tables import read_table
from ecs_model.tissue.input_fields import read_array

COLUMNS = ("time [s]", "concentration [mM]")
RIGHT = {
    "commas": b"0,0.5\n1,1.25\n",
    "byte order mark": b"\xef\xbb\xbf0,0.5\n1,1.25\n",
    "UTF-16": "\ufeff0,0.5\n1,1.25\n".encode("utf-16-le"),
    "head": b"time,K\n0,0.5\n1,1.25\n",
    "head after a mark": b"\xef\xbb\xbftime,K\n0,0.5\n1,1.25\n",
    "comments": b"# of today\n\n0,0.5\n# later\n1,1.25\n",
    "semicolons": b"0;0.5\n1;1.25\n",
    "semicolons, decimal commas": b"t;K\r\n0,0;0,5\r\n1;1,25\r\n",
    "tabs": b"0\t0.5\n1\t1.25\n",
    "tabs, decimal commas": b"t [s]\tK [mM]\n0,0\t0,5\n1\t1,25\n",
    "blanks": b"0 0.5\n1   1.25\n",
    "more columns with a head": b"t,K,temperature\n0,0.5,37\n1,1.25,37\n",
    "commas and blanks": b"0, 0.5\n1, 1.25\n",
    "milliseconds": b"t [ms],c [mM]\n0,0.5\n1000,1.25\n",
    "minutes and micromoles": "time (min);K (\u00b5M)\n0;500\n0,016666666666666666;1250\n".encode(),
    "units after a stroke or a line": b"t / ms,[K+]_uM\n0,500\n1000,1250\n",
    "units between blanks": b"t [ms] c [mM]\n0 0.5\n1000 1.25\n",
    "quoted heads": b'"t [ms]","c [mM]"\n0,0.5\n1000,1.25\n',
    "a head as NumPy writes it": b"# t [ms], c\n0,0.5\n1000,1.25\n",
    "a comment with brackets": b"# of today, slice 3 (cortex)\n0,0.5\n1,1.25\n",
    "a channel": b"t [s]\tChannel 1\n0\t0.5\n1\t1.25\n",
}


@pytest.mark.parametrize("name", RIGHT)
def test_the_same_numbers_however_written(tmp_path, name):
    path = tmp_path / "c.csv"
    path.write_bytes(RIGHT[name])
    np.testing.assert_array_equal(read_table(path, COLUMNS), [[0.0, 0.5], [1.0, 1.25]])


WRONG = {
    "decimal commas between commas": (b"0,0,0,5\n1,0,1,25\n", ":1: needs 2 numbers"),
    "one decimal comma": (b"t,K\n0,1,25\n", ":2: needs 2 numbers"),
    "thousands": (b"0;1,234.5\n", ":1: needs 2 numbers"),
    "a row short": (b"0,1\n1\n", ":2: needs 2 numbers"),
    "a word": (b"0,1\n1,x\n", ":2: needs 2 numbers"),
    "a typing error in the first row": (b"O.5,1\n1,2\n", ":1: needs 2 numbers"),
    "nan": (b"0,1\n1,nan\n", ":2: needs 2 numbers"),
    "two kinds": (b"0;1\n1,2\n", ":2: needs 2 numbers"),
    "head alone": (b"t,K\n", "no rows"),
    "nothing": (b"# only words\n", "holds no rows"),
    "a unit of something else": (b"t [K],c\n0,1\n", ":1: the head 't [K]' does not fit time [s]"),
    "no unit": (b"t (rel.),c\n0,1\n", "unknown unit 'rel.'; a time is needed here"),
    "a unit of something else in a comment": (b"\n# t [s], c [mV]\n0,1\n", ":2: the head 'c [mV]'"),
    "no text": (b"\xff\x00\x81,1\n", "no text in UTF-8"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_can_be_read_in_two_ways_is_refused_with_its_row(tmp_path, name):
    content, words = WRONG[name]
    path = tmp_path / "c.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_table(path, COLUMNS)
    assert words in str(caught.value)
    assert "c.csv" in str(caught.value)


def test_a_configuration_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "run.toml"
    path.write_bytes(
        b'\xef\xbb\xbf[mesh]\ngenerator = "interval"\nlength = "1 mm"\ncell = "0.1 mm"\n'
        b'[time]\nend = "1 s"\n'
    )
    assert read_config(path).time.end == 1.0


def test_tables_nested_too_deeply_are_refused(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("x = " + "[" * 5000 + "]" * 5000)
    with pytest.raises(ConfigError, match="nested more than 30 deep"):
        read_config(path)


def test_an_array_that_promises_more_than_it_holds(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.full(20, 0.2))
    np.testing.assert_array_equal(read_array(path, None)[0], 0.2)
    content = path.read_bytes()
    for shape in (b"(99999999999,)", b"(21,)", b"(-1,)", b"(19,)"):
        path.write_bytes(content.replace(b"(20,)", shape))
        with pytest.raises(ConfigError, match=r"a\.npy: not an array of numbers"):
            read_array(path, None)
    for other in (np.array(["a"]), np.array([1j]), np.array([{}], object)):
        np.save(path, other, allow_pickle=True)
        with pytest.raises(ConfigError, match=r"a\.npy: not an array of numbers"):
            read_array(path, None)
