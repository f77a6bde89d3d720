"""The page of a preview, in a real browser without a network."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from mogulsync.preview.page import page
from mogulsync.preview.rows import PlannedRows, Row
from tests.support.chromium import chromium, watched_page
from tests.support.planned_rows import planned_rows, report_of_rows

ROWS = 10_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, list[str]]:
    path = tmp_path_factory.mktemp("preview") / "preview.html"
    planned = planned_rows(ROWS)
    path.write_text(page(planned, report_of_rows(planned), destination="production", matched_by="Email"))
    shown, seen = watched_page(browser, offline=True)
    shown.goto(path.as_uri())
    return shown, [each for each in seen if each != path.as_uri()]


@pytest.fixture
def shown(opened: tuple[Page, list[str]]) -> Page:
    found, _ = opened
    found.get_by_role("button", name="Reset").click()
    expect(found.locator("#count")).to_have_text("10,000 of 10,000")
    return found


def test_it_opens_without_a_network_and_without_a_complaint(shown: Page, opened: tuple[Page, list[str]]) -> None:
    _, seen = opened
    expect(shown.get_by_role("heading", level=1)).to_have_text("Preview of production")
    expect(shown.locator("#rows tbody tr")).to_have_count(100)
    assert seen == []


def test_the_list_is_searched_by_any_words(shown: Page) -> None:
    shown.get_by_role("searchbox").fill("COMPANY12 active")
    expect(shown.locator("#count")).not_to_have_text("10,000 of 10,000")
    for text in shown.locator("#rows tbody tr").all_inner_texts():
        assert "company12" in text
        assert "active" in text.lower()


def test_a_share_filters_the_list(shown: Page) -> None:
    legend = shown.get_by_role("button", name=re.compile("unmatchable"))
    number = legend.locator("b").inner_text()
    legend.click()
    expect(shown.locator("#count")).to_have_text(f"{number} of 10,000")
    assert {text.split("\t")[0] for text in shown.locator("#rows tbody tr").all_inner_texts()} == {"unmatchable"}


def test_a_field_shows_for_whom_it_would_change(shown: Page) -> None:
    row = shown.locator(".fields tbody tr", has=shown.get_by_role("button", name="chartmogul_status"))
    number = row.locator("td.number").inner_text()
    row.get_by_role("button").click()
    expect(shown.locator("#count")).to_have_text(f"{number} of 10,000")
    expect(shown.locator("#rows tbody tr").first.locator("td.changed ins").first).to_be_visible()


def test_a_column_sorts_both_ways_by_number_and_says_so(shown: Page) -> None:
    head = shown.get_by_role("columnheader", name="chartmogul_mrr")
    head.get_by_role("button").click()
    if head.get_attribute("aria-sort") != "ascending":
        head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")

    def values() -> list[float]:
        texts = shown.locator("#rows tbody tr td:nth-child(3)").all_inner_texts()
        return [float(text.split()[-1]) for text in texts]

    assert values() == sorted(values())
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert values() == sorted(values(), reverse=True)


def test_pages_are_turned_by_the_keyboard_alone(shown: Page) -> None:
    shown.get_by_role("button", name="Next").focus()
    shown.keyboard.press("Enter")
    expect(shown.locator("#page")).to_have_text("Page 2 of 100")
    expect(shown.locator("#rows tbody tr").first).to_have_attribute("aria-rowindex", "102")
    shown.get_by_role("button", name="Last").focus()
    shown.keyboard.press("Space")
    expect(shown.locator("#page")).to_have_text("Page 100 of 100")
    expect(shown.get_by_role("button", name="Next")).to_be_disabled()


def test_every_control_has_a_name(shown: Page) -> None:
    for control in shown.locator("button, input, select").all():
        name = control.evaluate("node => node.labels?.[0]?.textContent || node.textContent")
        assert name.strip()


def test_nothing_in_the_data_becomes_markup_or_runs() -> None:
    wicked = "</script><script>document.title='gone'</script><img src=x onerror=alert(1)>\u2028<!--"
    planned = planned_rows(1)
    row = Row("cus_1", wicked, (wicked,), "matched", "c1", (1, wicked, None, None), (2, wicked + "x", None, None))
    text = page(PlannedRows(planned.fields, [row]), report_of_rows(planned), destination="<b>x</b>", matched_by="Email")
    assert "<b>x</b>" not in text
    assert text.count("</script>") == 2
    embedded = text.partition('id="data">')[2].partition("</script>")[0]
    assert json.loads(embedded)["rows"][0][2] == wicked


def test_the_policy_lets_only_its_own_script_and_style_run() -> None:
    planned = planned_rows(1)
    text = page(planned, report_of_rows(planned), destination="production", matched_by="Email")
    policy = text.partition('Content-Security-Policy" content="')[2].partition('"')[0]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"""(src|href)=["'](?!#)|url\(|@import|https?://""", text.partition("<body>")[2])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_it_fits_narrow_and_wide_screens_in_light_and_dark(
    browser: Browser, scheme: str, width: int, tmp_path: Path
) -> None:
    path = tmp_path / "preview.html"
    planned = planned_rows(200)
    path.write_text(page(planned, report_of_rows(planned), destination="p" * 52, matched_by="Email"))
    shown, _ = watched_page(browser, color_scheme=scheme, viewport={"width": width, "height": 800})
    shown.goto(path.as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    light = shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert light is (scheme == "light")
