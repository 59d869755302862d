"""A real browser without a window, driven over its DevTools protocol: what it loads, says, shows and prints."""

import base64
import json
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websocket import create_connection

from tests.programs import find

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60


class Browser:
    """One page of one browser.

    Attributes
    ----------
    requests : list of str
        Addresses that were asked for.
    complaints : list of str
        What came on the console, and exceptions of scripts.
    """

    def __init__(self, folder: Path):
        settings = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        settings += ["--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"]
        settings += ["--remote-allow-origins=*", f"--user-data-dir={folder}", "about:blank"]
        self._process = subprocess.Popen(
            [find(*NAMES), *settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._loaded = False
        self._number = 0
        port = self._port(folder / "DevToolsActivePort")
        with urlopen(f"http://127.0.0.1:{port}/json") as answer:
            (target,) = [one for one in json.load(answer) if one["type"] == "page"]
        self._socket = create_connection(target["webSocketDebuggerUrl"], timeout=PATIENCE)
        for domain in ("Page", "Network", "Runtime", "Log", "Accessibility"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """End the browser."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(PATIENCE)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            said = self._hear()
            if said.get("id") == self._number:
                assert "error" not in said, said
                return said["result"]

    def open(self, path: Path, *, width: int = 1000, dark: bool = False) -> None:
        """Load a file anew, and wait until it is there."""
        self.requests.clear()
        self.complaints.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[theme])
        self._loaded = False
        self.call("Page.navigate", url=path.as_uri())
        while not self._loaded:
            self._hear()

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def click(self, selector: str) -> None:
        """Press and release the mouse in the middle of an element."""
        place = f"document.querySelector({json.dumps(selector)})"
        self.evaluate(f"{place}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        x, y = self.evaluate(
            f"(() => {{ const r = {place}.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] }})()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press and release a key: Tab, Enter or a space."""
        code, number = {"Tab": ("Tab", 9), "Enter": ("Enter", 13), " ": ("Space", 32)}[key]
        text = {"Enter": "\r", " ": " "}.get(key, "")
        common = {"key": key, "code": code, "windowsVirtualKeyCode": number}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def print(self, path: Path) -> None:
        """Print the page to a PDF file."""
        printed = self.call("Page.printToPDF", printBackground=True)
        path.write_bytes(base64.b64decode(printed["data"]))

    def _port(self, path: Path) -> str:
        for _ in range(10 * PATIENCE):
            if path.exists() and (lines := path.read_text().split()):
                return lines[0]
            assert self._process.poll() is None, "the browser ended before it began"
            time.sleep(0.1)
        raise TimeoutError("the browser did not begin")

    def _hear(self) -> dict[str, Any]:
        said = json.loads(self._socket.recv())
        params = said.get("params", {})
        match said.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Runtime.consoleAPICalled":
                self.complaints.append(str([one.get("value") for one in params["args"]]))
            case "Runtime.exceptionThrown":
                self.complaints.append(str(params["exceptionDetails"]))
            case "Log.entryAdded":
                self.complaints.append(params["entry"]["text"])
            case "Page.loadEventFired":
                self._loaded = True
        return said
