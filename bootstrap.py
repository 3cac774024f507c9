#!/usr/bin/env python3
"""Sets Invoice Desk up on a fresh machine and starts it.

    python3 bootstrap.py                          make .venv, install, open the window; without
                                                  a display do the main job on the samples
    python3 bootstrap.py test [--with EXTRA,…]    make .venv, install with the test tools, run
                                                  everything that CI runs

Only the standard library is used, so that any Python from 3.11 on can run it.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
OUTPUT = ROOT / "output"
EXTRAS = ("vision", "cluster")

#: What Qt's wheels expect of a Linux system: library → Debian package.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
}
PROGRAMS = {"Xvfb": "xvfb", "xauth": "xauth"}
#: What more the tests use; without it they are skipped, and say so.
TEST_PROGRAMS = {
    "tesseract": ("tesseract-ocr", "tesseract-ocr-fra", "tesseract-ocr-deu"),
    "pdftoppm": ("poppler-utils",),
}
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts")


def main() -> int:
    """Set up and start; return the exit code of what was started."""
    if sys.version_info < (3, 11):
        return fail("Invoice Desk needs Python 3.11 or newer.", "Install it, then run this again.")
    parser = argparse.ArgumentParser(description="Set Invoice Desk up and start it.")
    parser.add_argument("what", nargs="?", choices=("run", "test"), default="run")
    parser.add_argument("--with", dest="extras", default="", metavar="EXTRA,…")
    options, rest = parser.parse_known_args()
    extras = [name for name in options.extras.split(",") if name]
    unknown = sorted(set(extras) - set(EXTRAS))
    if unknown:
        return fail(f"There is no extra called {unknown[0]}.", f"Known: {', '.join(EXTRAS)}.")
    code = ensure_system()
    if code:
        return code
    if options.what == "test":
        offer_test_programs()
    if options.what == "test":
        return ensure_venv([*extras, "dev"]) or run_checks(rest)
    return ensure_venv(extras) or start(rest)


# --- the system ------------------------------------------------------------------------


def ensure_system() -> int:
    """Install missing system libraries where that is allowed, else say how."""
    if sys.platform != "linux":
        return 0
    missing = missing_packages()
    if not missing:
        return 0
    command = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    say(f"Missing on this system: {', '.join(missing)}")
    if shutil.which("apt-get") is None:
        return fail("They cannot be installed from here.", "Install them with your package tool.")
    if os.geteuid() != 0:
        return fail("Only root may install them.", f"Run: sudo {command}")
    return install(missing)


def install(packages: list[str]) -> int:
    """Install Debian packages, as root; return 0 when that worked."""
    command = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in ("apt-get update -qq", command + " -qq"):
        done = subprocess.run(step.split(), env=environment, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            return fail(f"“{step}” failed.", f"Run it by hand, then this again: {command}")
    return 0


def offer_test_programs() -> None:
    """Install what some tests use where that is allowed; else say what they miss."""
    missing = [
        package
        for program, packages in TEST_PROGRAMS.items()
        if shutil.which(program) is None
        for package in packages
    ]
    if sys.platform != "linux" or not missing:
        return
    if shutil.which("apt-get") is not None and os.geteuid() == 0 and install(missing) == 0:
        return
    say(f"Some tests will be skipped; they need: {', '.join(missing)}")


def missing_packages() -> list[str]:
    """Return the Debian packages that hold what is missing."""
    missing = [package for name, package in LIBRARIES.items() if not can_load(name)]
    missing += [package for name, package in PROGRAMS.items() if shutil.which(name) is None]
    if not has_fonts():
        missing.append("fonts-dejavu-core")
    if importlib.util.find_spec("ensurepip") is None:  # Debian packs it apart from Python
        missing.append(f"python3.{sys.version_info.minor}-venv")
    return missing


def can_load(name: str) -> bool:
    """Return whether the system finds a shared library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def has_fonts() -> bool:
    """Return whether there is any font that Qt can draw with."""
    folders = (Path(folder).expanduser() for folder in FONT_FOLDERS)
    return any(
        next(folder.rglob(f"*.{ending}"), None) is not None
        for folder in folders
        if folder.is_dir()
        for ending in ("ttf", "otf", "ttc")
    )


# --- the virtual environment -----------------------------------------------------------


def ensure_venv(extras: list[str]) -> int:
    """Make .venv and install into it, unless what it has is what is wanted."""
    stamp, wanted = VENV / "installed.txt", fingerprint()
    known = stamp.read_text(encoding="utf-8").split() if stamp.exists() else []
    if known[:1] == [wanted] and set(extras) <= set(known[1:]):
        return 0
    extras = sorted({*extras, *(known[1:] if known[:1] == [wanted] else [])})
    if not has_pip():
        say("Making .venv …")
        try:
            venv.create(VENV, with_pip=True, clear=VENV.exists())
        except (subprocess.CalledProcessError, OSError) as error:
            shutil.rmtree(VENV, ignore_errors=True)
            return fail(f".venv cannot be made: {error}", "On Debian: apt-get install python3-venv")
    say("Installing; this takes a few minutes the first time …")
    wish = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    steps = [["-e", wish]]
    if "vision" in extras:
        steps.insert(0, ["torch==2.13.0"])  # a plain torch would bring several GB of CUDA
    constraints = ["-c", str(ROOT / "constraints.txt")]
    for step in steps:
        command = [str(python()), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        if subprocess.run([*command, *constraints, *step], check=False).returncode:
            return fail("Installing failed; pip says why above.", "Mend that and run this again.")
    stamp.write_text("\n".join([wanted, *extras]), encoding="utf-8")
    return 0


def has_pip() -> bool:
    """Return whether .venv is there and whole; one that was made half is made anew."""
    if not python().exists():
        return False
    command = [str(python()), "-m", "pip", "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def python() -> Path:
    """Return the Python of the virtual environment."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint() -> str:
    """Return a key of everything that decides what is installed."""
    digest = hashlib.sha256(sys.version.encode() + str(ROOT).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


# --- starting --------------------------------------------------------------------------


def start(rest: list[str]) -> int:
    """Open the window, or do the main job on the samples when there is no display."""
    if sys.platform != "linux" or has_display():
        return subprocess.run([str(python()), "-m", "invoice_desk", *rest], check=False).returncode
    say("There is no display: doing the main job on the samples instead.\n")
    command = [str(python()), "-m", "invoice_desk.tour", "--out", str(OUTPUT)]
    return subprocess.run(under_virtual_display(command), env=quiet_qt(), check=False).returncode


def has_display() -> bool:
    """Return whether a window can be shown."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def under_virtual_display(command: list[str]) -> list[str]:
    """Return `command` so that it finds a display in memory, where Xvfb is installed."""
    if shutil.which("xvfb-run") is None or shutil.which("xauth") is None:
        return command
    return ["xvfb-run", "-a", "-s", "-screen 0 1400x900x24", *command]


def quiet_qt() -> dict[str, str]:
    """Return the environment for Qt without a desktop."""
    platform = "xcb" if shutil.which("xvfb-run") and shutil.which("xauth") else "offscreen"
    return {**os.environ, "QT_QPA_PLATFORM": platform, "XDG_RUNTIME_DIR": runtime_folder()}


def runtime_folder() -> str:
    """Return a folder of the user's own for Qt's sockets."""
    folder = os.environ.get("XDG_RUNTIME_DIR")
    if folder:
        return folder
    made = VENV / "runtime"
    made.mkdir(mode=0o700, exist_ok=True)
    return str(made)


def run_checks(rest: list[str]) -> int:
    """Run everything that CI runs; all checks are run, pytest last."""
    me = str(python())
    checks = [
        [me, "-m", "ruff", "format", "--check", "--quiet", "."],
        [me, "-m", "ruff", "check", "--quiet", "."],
        [me, "-m", "mypy"],
        [str(python().with_name("lint-imports"))],
        [me, "-m", "pytest", *rest],
    ]
    worst = 0
    for command in checks:
        name = " ".join(command[1:]) if command[0] == me else "lint-imports"
        say(f"== {name}")
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        environment.setdefault("XDG_RUNTIME_DIR", runtime_folder())
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        worst = worst or code
    return worst


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def fail(what: str, advice: str) -> int:
    """Say what is wrong and what to do; return the exit code."""
    print(f"bootstrap: {what} {advice}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
