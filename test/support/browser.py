# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The console in a headless Chromium: reads what the page shows, and operates it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import importlib.util
import math
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any
from urllib.parse import quote

from .required import is_required, require
from .waiting import PATIENCE_S, wait_for

__all__ = [
    'CONTRASTS',
    'DESKTOP',
    'FOREIGN_HOST',
    'PHONE',
    'REJOIN_S',
    'TOO_SMALL',
    'TOO_WIDE',
    'Console',
    'running_browser',
]

PICTURES_VARIABLE = 'LEROBOT_ARENA_SCREENSHOTS'
"""The environment variable with the folder for screenshots."""

PICTURES = Path(__file__).resolve().parents[2] / 'build' / 'screenshots'

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')

FOREIGN_HOST = 'evil.example'
"""A host name of another party, which resolves to this machine."""

FLAGS = (
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--hide-scrollbars',
    # The browser can reach this machine only, so its own background requests fail.
    f'--host-resolver-rules=MAP {FOREIGN_HOST} 127.0.0.1, MAP * ~NOTFOUND,'
    ' EXCLUDE 127.0.0.1, EXCLUDE localhost',
)

REJOIN_S = 20.0
"""More than the longest delay between two attempts of the page to join a room."""

DESKTOP = (1280, 900)
PHONE = (390, 844)

TEXT = """
const found = document.getElementById(arguments[0]);
return found.checkVisibility() ? found.innerText : '';
"""

CONTRASTS = """
const luminance = ([r, g, b]) => {
  const linear = [r, g, b].map((each) => each / 255)
    .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
};
const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
const behind = (element) => {
  for (let each = element; each !== null; each = each.parentElement) {
    const colour = channels(getComputedStyle(each).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const found = [];
for (const element of document.querySelectorAll('body *')) {
  const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!hasText || element.closest(':disabled') || !element.checkVisibility()) continue;
  const pair = [channels(getComputedStyle(element).color), behind(element)].map(luminance);
  const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  found.push([ratio, element.textContent.trim().slice(0, 40)]);
}
return found;
"""

TOO_SMALL = """
const isUsed = 'button, input, select, summary, a';
return [...document.querySelectorAll(isUsed)]
  .filter((each) => each.checkVisibility())
  .map((each) => [each.outerHTML.slice(0, 60), each.getBoundingClientRect()])
  .filter(([, { width, height }]) => width < 40 || height < 40)
  .map(([text, { width, height }]) => `${text} ${width} x ${height}`);
"""

TOO_WIDE = """
return [...document.querySelectorAll('body *')]
  .filter((each) => each.checkVisibility())
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5)
  .map((each) => each.outerHTML.slice(0, 80));
"""

FIND_JOINT = """
const joint = [...document.querySelectorAll('#joints > li')]
  .find((each) => each.querySelector('.joint-title').textContent === arguments[0]);
"""

FIND_BANNER = """
return [...document.querySelectorAll('#robots > li')].find(
  (each) => each.querySelector('.robot-name').textContent === arguments[0],
) ?? null;
"""


class Console:
    """
    One tab of the browser.

    :param driver: the WebDriver of selenium.
    :param selenium: the module ``selenium.webdriver``.
    """

    def __init__(self, driver: Any, selenium: Any) -> None:
        self.driver = driver
        self.keys = selenium.Keys
        self._selenium = selenium

    def open(self, url: str, workspace: str = '', room: str = '') -> None:
        """Load the page again, with a room open if one is given."""
        self.resize(*DESKTOP)
        self.driver.get('about:blank')
        self.driver.get_log('browser')
        hash_part = f'#{quote(workspace, safe="")}/{quote(room, safe="")}' if room else ''
        self.driver.get(f'{url}/{hash_part}')

    def wait_joined(self) -> None:
        """Wait until the page has joined its room."""
        self.wait_text('link', 'Joined', REJOIN_S)

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script in the page and return its result."""
        return self.driver.execute_script(script, *arguments)

    def text(self, element_id: str) -> str:
        """Return the text of an element; empty if the element is hidden."""
        return str(self.run(TEXT, element_id))

    def wait_text(self, element_id: str, text: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until the text of an element contains a text."""
        what = f'#{element_id} to show {text!r}'
        wait_for(lambda: text in self.text(element_id), what, timeout_s)

    def click(self, element_id: str) -> None:
        """Click an element with the mouse."""
        self.driver.find_element('id', element_id).click()

    def fill(self, element_id: str, text: str) -> None:
        """Type into a field and press Enter."""
        self.driver.find_element('id', element_id).send_keys(text, self.keys.ENTER)

    def press(self, *keys: str) -> None:
        """Press keys in the element that has the focus."""
        self._selenium.ActionChains(self.driver).send_keys(*keys).perform()

    def hold(self, key: str) -> None:
        """Press a key and hold it down."""
        self._selenium.ActionChains(self.driver).key_down(key).perform()

    def release(self, key: str) -> None:
        """Release a key."""
        self._selenium.ActionChains(self.driver).key_up(key).perform()

    def tap(self, selector: str) -> None:
        """Tap an element as on a touch screen."""
        element = self.driver.find_element('css selector', selector)
        self.run('arguments[0].scrollIntoView({ block: "center" })', element)
        box = self.run('return arguments[0].getBoundingClientRect().toJSON()', element)
        point = {'x': box['x'] + box['width'] / 2, 'y': box['y'] + box['height'] / 2}
        for kind, points in (('touchStart', [point]), ('touchEnd', [])):
            event = {'type': kind, 'touchPoints': points}
            self.driver.execute_cdp_cmd('Input.dispatchTouchEvent', event)

    def joint(self, name: str, part: str) -> Any:
        """Return the part of a joint that has a class; None if there is no such joint."""
        script = f'{FIND_JOINT} return joint?.querySelector("." + arguments[1]) ?? null'
        return self.run(script, name, part)

    def reading(self, name: str, robot: str, part: str) -> str:
        """Return the displayed ``measured`` or ``commanded`` value of a robot; may be empty."""
        script = f"""{FIND_JOINT}
        const row = [...joint?.querySelectorAll('.reading') ?? []]
          .find((each) => each.querySelector('.reading-name').textContent === arguments[1]);
        return row?.querySelector('.' + arguments[2]).textContent ?? '';"""
        return str(self.run(script, name, robot, part))

    def banner(self, robot: str) -> Any:
        """Return the banner of a robot; None if there is none."""
        return self.run(FIND_BANNER, robot)

    def gate(self, robot: str) -> str:
        """Return the whole text of a robot's banner; empty if there is none."""
        script = f'const found = (() => {{{FIND_BANNER}}})();'
        return str(self.run(f'{script} return found?.innerText ?? "";', robot))

    def press_reset(self, robot: str) -> None:
        """Press the reset button of a robot with the keyboard, if the button is shown."""
        script = f'const found = (() => {{{FIND_BANNER}}})();'
        is_shown = """
        const button = found?.querySelector('.robot-reset');
        button?.focus();
        return button !== undefined && document.activeElement === button;
        """
        if self.run(script + is_shown, robot):
            self.press(self.keys.ENTER)

    def reset(self, robot: str, is_done: Callable[[], bool]) -> None:
        """Press the reset button until ``is_done``, because early second presses are ignored."""

        def pressed() -> bool:
            self.press_reset(robot)
            return is_done()

        wait_for(pressed, f'{robot} to be reset')

    def is_old(self, name: str, part: str) -> bool:
        """Return whether a part of a joint is displayed as old: grey and in italics."""
        script = f"""{FIND_JOINT}
        const text = joint?.querySelector('.' + arguments[1]);
        const shown = text?.querySelector('.measured') ?? text;
        return shown ? getComputedStyle(shown).fontStyle === 'italic' : false;"""
        return bool(self.run(script, name, part))

    def style(self, element_id: str, property_name: str) -> str:
        """Return the computed value of a CSS property."""
        script = 'return getComputedStyle(document.getElementById(arguments[0]))[arguments[1]]'
        return str(self.run(script, element_id, property_name))

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze the page, as the browser does with a tab that has been hidden for a long time."""
        state = 'Page.setWebLifecycleState'
        self.driver.execute_cdp_cmd(state, {'state': 'frozen'})
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd(state, {'state': 'active'})
            # Freezing has hidden the page. Minimizing and restoring the window shows it again.
            window = self.driver.execute_cdp_cmd('Browser.getWindowForTarget', {})['windowId']
            for bounds in ('minimized', 'normal'):
                self.driver.execute_cdp_cmd(
                    'Browser.setWindowBounds',
                    {'windowId': window, 'bounds': {'windowState': bounds}},
                )

    def value(self, name: str) -> float:
        """Return the displayed value of a joint; NaN if there is none."""
        number = self.joint(name, 'number')
        text = '' if number is None else number.text
        return float(text) if text.strip('-.').replace('.', '').isdigit() else math.nan

    def type_value(self, name: str, text: str) -> None:
        """Replace the number in the field of a joint and press Enter."""
        self.run('arguments[0].focus(); arguments[0].select();', self.joint(name, 'typed'))
        self.press(text, self.keys.ENTER)

    def drag(self, name: str, from_share: float, to_share: float) -> None:
        """
        Drag on a joint's slider with the mouse.

        :param from_share: the start, from 0 for the left end to 1 for the right end.
        """
        slider = self.joint(name, 'slider')
        width = slider.size['width']
        begin, end = ((share - 0.5) * width for share in (from_share, to_share))
        chain = self._selenium.ActionChains(self.driver)
        chain.move_to_element_with_offset(slider, begin, 0).click_and_hold()
        chain.move_by_offset(end - begin, 0).release().perform()

    def touch(self, name: str, from_share: float, to_share: float) -> None:
        """Swipe over a joint's slider; the shares are those of :meth:`drag`."""
        slider = self.joint(name, 'slider')
        self.run('arguments[0].scrollIntoView({ block: "center" })', slider)
        box = self.run('return arguments[0].getBoundingClientRect().toJSON()', slider)
        y = box['y'] + box['height'] / 2
        steps = [from_share + (to_share - from_share) * step / 10 for step in range(11)]
        points = [[{'x': box['x'] + box['width'] * share, 'y': y}] for share in steps]
        for kind, point in (
            ('touchStart', points[0]),
            *(('touchMove', point) for point in points[1:]),
            ('touchEnd', []),
        ):
            event = {'type': kind, 'touchPoints': point}
            self.driver.execute_cdp_cmd('Input.dispatchTouchEvent', event)

    def resize(self, width: int, height: int, *, is_phone: bool = False) -> None:
        """Set the size of the page."""
        size = {'width': width, 'height': height}
        screen = {**size, 'deviceScaleFactor': 2 if is_phone else 1, 'mobile': is_phone}
        self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', screen)
        touch = {'enabled': is_phone}
        self.driver.execute_cdp_cmd('Emulation.setTouchEmulationEnabled', touch)

    def prefer(self, scheme: str) -> None:
        """Prefer the colour scheme ``dark`` or ``light``."""
        features = [{'name': 'prefers-color-scheme', 'value': scheme}]
        self.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': features})

    def take_picture(self, name: str) -> None:
        """Save a screenshot."""
        folder = Path(os.environ.get(PICTURES_VARIABLE) or PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        assert self.driver.save_screenshot(str(folder / f'{name}.png'))

    def take_pictures(self, name: str) -> None:
        """Save screenshots of a desktop and a phone; check that nothing is wider than the page."""
        self.take_picture(f'{name}-desktop')
        self.resize(*PHONE, is_phone=True)
        self.take_picture(f'{name}-phone')
        assert self.run(TOO_WIDE) == []
        self.resize(*DESKTOP)

    def logged_errors(self) -> list[str]:
        """Return the errors of scripts and of the content policy since the page was loaded."""
        log = self.driver.get_log('browser')
        return [entry['message'] for entry in log if entry['source'] in ('javascript', 'security')]


@contextmanager
def running_browser(*more_flags: str) -> Iterator[Console]:
    """Run a browser with a temporary profile; skip the test, or fail, if there is no browser."""
    selenium, browser, driver = _found()
    options = selenium.ChromeOptions()
    options.binary_location = browser
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, *more_flags, f'--user-data-dir={profile}'):
            options.add_argument(flag)
        # With an explicit path, selenium does not download a driver.
        chrome = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
        try:
            yield Console(chrome, selenium)
        finally:
            chrome.quit()


def _found() -> tuple[Any, str, str]:
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    driver = shutil.which('chromedriver')
    is_here = importlib.util.find_spec('selenium') is not None
    there = {'selenium': is_here, 'chromium': browser, 'chromedriver': driver}
    missing = ', '.join(name for name, found in there.items() if not found) or 'REQUIRE=browser'
    # A browser must be requested explicitly, because parallel tests would start several of them.
    is_wanted = is_required('browser') and is_here and browser and driver
    require('browser', is_wanted, f'missing: {missing}; `make browser` runs this')
    assert browser is not None and driver is not None
    return importlib.import_module('selenium.webdriver'), browser, driver
