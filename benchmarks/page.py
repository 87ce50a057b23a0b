"""What a page costs a user: opening it warm, and moving the length range, in headless Chromium against the real server.

One run, one machine, one demo clinic: only figures of the same run are to be set beside each other. `make benchmark` runs it and writes
`docs/performance.md`; `python benchmarks/page.py --moves 20` is a quick look.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CHROMIUM += ["--disable-component-update", "--disable-sync"]
DRAWN = "() => document.body.classList.contains('drawn')"
# A move counts as done when the server's answer is applied and two frames were painted after it.
MOVE = """
([low, high]) => new Promise(done => {
  const document_ = Bokeh.documents[0]
  const slider = [...document_._all_models.values()].find(model => model.type == 'RangeSlider')
  const start = performance.now()
  let felt = null
  const watch = new MutationObserver(() => {
    if (document.body.classList.contains('busy')) { felt ??= performance.now() - start }
    else if (felt !== null) {
      watch.disconnect()
      requestAnimationFrame(() => requestAnimationFrame(() => done([felt, performance.now() - start])))
    }
  })
  watch.observe(document.body, {attributes: true, attributeFilter: ['class']})
  slider.value = [low, high]
})
"""


@dataclass(frozen=True)
class Server:
    """A demo server of this run."""

    process: subprocess.Popen
    port: int
    links: dict[str, str]

    def stop(self) -> None:
        """End the process that this run started."""
        self.process.terminate()
        self.process.wait(timeout=20)

    def cpu(self) -> float:
        """Seconds of processor time the server has used so far (Linux)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident memory in MB (Linux)."""
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())[1]) / 1024


def start(store: Path, port: int) -> Server:
    """The demo server on that port, once it answers."""
    command = [sys.executable, "-m", "process", "demo", "--no-browser", "--port", str(port), "--store", str(store)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    links: dict[str, str] = {}
    for line in process.stdout:
        if found := re.match(r"(\w+), \w+: (http://\S+)", line):
            links[found[1]] = found[2]
        if len(links) == 3:
            break
    for _ in range(200):
        try:
            urlopen(f"http://127.0.0.1:{port}/health", timeout=2).read()
            return Server(process, port, links)
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the demo server did not answer")


def open_warm(browser: Browser, server: Server, page: str, times: int) -> tuple[list[float], float]:
    """Milliseconds from the navigation to every figure drawn, with a warm browser cache, and the server's CPU ms for one session."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    tab = context.new_page()
    tab.goto(server.links["Dora"])
    tab.wait_for_function(DRAWN)
    took, used = [], []
    for _ in range(times):
        time.sleep(1.5)  # the server makes the next figures ahead meanwhile, as it does between real visits
        before, started = server.cpu(), time.perf_counter()
        tab.goto(f"http://127.0.0.1:{server.port}/{page}")
        tab.wait_for_function(DRAWN, polling=10)
        took.append(1000 * (time.perf_counter() - started))
        used.append(1000 * (server.cpu() - before))
    context.close()
    return took, statistics.median(used)


def move(tab: Page, server: Server, moves: int) -> dict[str, float]:
    """Milliseconds from a move of the range to the first feedback and to everything redrawn, and the server's CPU ms a move."""
    ranges = [(3 + step % 7, 14 + (step * 5) % 23) for step in range(moves + 5)]
    for each in ranges[:5]:
        tab.evaluate(MOVE, list(each))
    before = server.cpu()
    felt, took = zip(*[tab.evaluate(MOVE, list(each)) for each in ranges[5:]], strict=True)
    return {**summary("redrawn", took), **summary("feedback", felt), "server CPU": 1000 * (server.cpu() - before) / moves}


def summary(name: str, values: tuple[float, ...] | list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    ordered = sorted(values)
    return {f"{name}, median": statistics.median(ordered), f"{name}, p95": ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]}


def run(store: Path, port: int, moves: int, openings: int) -> dict[str, dict[str, float]]:
    """Both measurements on every page."""
    server = start(store, port)
    found: dict[str, dict[str, float]] = {}
    try:
        with sync_playwright() as playwright:
            chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
            for page in ("alliance", "goals", "caseload"):
                took, cpu = open_warm(browser, server, page, openings)
                tab = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
                tab.goto(server.links["Dora"])
                tab.goto(f"http://127.0.0.1:{port}/{page}")
                tab.wait_for_function(DRAWN)
                time.sleep(1.5)
                found[page] = {**summary("opened warm", took), "server CPU a session": cpu, **move(tab, server, moves)}
                tab.context.close()
            found["server"] = {"memory, MB": server.memory()}
            browser.close()
    finally:
        server.stop()
    return found


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--store", type=Path, default=Path("demo-store"))
    arguments.add_argument("--port", type=int, default=5077)
    arguments.add_argument("--moves", type=int, default=100)
    arguments.add_argument("--openings", type=int, default=8)
    given = arguments.parse_args()
    print(json.dumps(run(given.store, given.port, given.moves, given.openings), indent=1))
