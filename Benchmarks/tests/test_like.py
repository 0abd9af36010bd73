"""The generated session is made once, and anew for another generator."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "programs"))

import like  # noqa: E402

# Writes what it was asked for, as the generator does.
FAKE = """#!/usr/bin/env python3
import os, sys
if sys.argv[1] == "--like":
    assert os.environ["SPANREEL_CLOCK"] == "monotonic"
    open(sys.argv[3], "w").close()
elif sys.argv[1] == "--columns":
    os.mkdir(sys.argv[3])
elif {fails}:
    sys.exit("durations differ")
"""


class LikeTests(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.generate = Path(temporary.name) / "generate"
        self.folder = Path(temporary.name) / "like"

    def make(self, fails: bool = False) -> None:
        self.generate.write_text(FAKE.format(fails=fails))
        self.generate.chmod(0o755)
        with contextlib.redirect_stderr(io.StringIO()):
            like.make(self.generate, "recorded", self.folder)

    def test_what_was_made_is_fresh(self) -> None:
        self.make()
        self.assertTrue((self.folder / "session.reel").exists() and (self.folder / "columns").is_dir())
        self.assertTrue(like.is_fresh(self.generate, self.folder))

    def test_another_generator_makes_it_stale(self) -> None:
        self.make()
        self.generate.write_text("another")
        self.assertFalse(like.is_fresh(self.generate, self.folder))

    def test_making_it_anew_takes_away_what_peers_made_of_it(self) -> None:
        self.make()
        (self.folder / "duckdb.done").touch()
        self.make()
        self.assertFalse((self.folder / "duckdb.done").exists())

    def test_a_session_that_is_no_fit_is_not_kept(self) -> None:
        with self.assertRaisesRegex(SystemExit, "durations differ"):
            self.make(fails=True)
        self.assertFalse(like.is_fresh(self.generate, self.folder))
