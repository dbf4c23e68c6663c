"""What a test run keeps of compiled modules."""

import subprocess
import sys


def test_a_process_of_a_test_run_keeps_what_it_compiled() -> None:
    asked = [sys.executable, "-c", "import sys; print(sys.dont_write_bytecode)"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
