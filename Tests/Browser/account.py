#!/usr/bin/env python3
"""Drives the pages about the user's own account in headless Chromium, by keyboard alone, without JavaScript, on a phone's width.

Usage: account.py BASE USER PASSWORD INVITATION [--screenshots FOLDER]
BASE is the issuer, https://localhost:PORT; its certificate is not checked here. INVITATION is a link that sets the password of USER
to PASSWORD. Exits with 0 when all was as it should be; else it says what was not.
"""
import sys

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pages import Visit, check, chromium

NEW = "vierzehn blaue Kuehe am See"


def log_in(visit, user, password):
    check(visit.heading == "Log in", "the account page asks who it is")
    visit.tab_until("username")
    visit.keys(user, Keys.TAB, password)
    visit.submit()


def main():
    words = sys.argv[1:]
    folder = None
    if "--screenshots" in words:
        at = words.index("--screenshots")
        folder = words[at + 1]
        del words[at:at + 2]
    base, user, password, invitation = words
    driver = chromium()
    driver.set_window_size(390, 844)
    other = chromium()
    try:
        visit = Visit(driver, base, folder)
        driver.get(invitation)
        visit.accessible("the page of an invitation")
        check(visit.heading == "Welcome", "an invitation welcomes")
        visit.picture("invitation")
        visit.tab_until("new")
        visit.keys("password1234", Keys.TAB, "password1234")
        visit.submit()
        check("anybody would try first" in visit.text, "a common password is refused with the reason")
        visit.picture("invitation-problem")
        visit.tab_until("new")
        visit.keys(password, Keys.TAB, password)
        visit.submit()
        check(visit.heading == "The password is set", "a good one is taken")
        driver.get(invitation)
        check("does not count any more" in visit.heading, "the link serves once")

        driver.get(base + "/oauth2/account")
        log_in(visit, user, password)
        check(visit.heading == "Your account", "after the log-in the account is there")
        there = Visit(other, base, None)
        other.get(base + "/oauth2/account")
        log_in(there, user, password)
        driver.get(base + "/oauth2/account")
        visit.accessible("the account page")
        width = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})
        check(
            width["cssContentSize"]["width"] <= width["cssLayoutViewport"]["clientWidth"],
            "nothing is wider than a phone")
        check(visit.text.count("Chrome on Linux") == 2 and "this browser" in visit.text, "both sessions are shown")
        driver.set_window_size(390, 1500)
        visit.picture("account-phone")
        driver.set_window_size(900, 1300)
        visit.picture("account")
        driver.set_window_size(390, 844)
        visit.tab_until("display_name")
        visit.keys(Keys.CONTROL + "a")
        visit.keys("Alice A. & \"A\"")
        visit.submit()
        check("Saved." in visit.text, "the name is changed")
        check(driver.find_element(By.ID, "display_name").get_attribute("value") == "Alice A. & \"A\"", "as text")
        visit.tab_until("end")
        visit.submit()
        check("has ended" in visit.text and visit.text.count("Chrome on Linux") == 1, "the other session is ended")
        other.get(base + "/oauth2/account")
        check(there.heading == "Log in", "and its browser is logged out")

        driver.get(base + "/oauth2/account/password")
        visit.accessible("the page for another password")
        visit.picture("password")
        visit.tab_until("current")
        visit.keys("wrong", Keys.TAB, NEW, Keys.TAB, NEW)
        visit.submit()
        check("is not right" in visit.text, "without the current password nothing is changed")
        visit.tab_until("current")
        visit.keys(password, Keys.TAB, NEW, Keys.TAB, NEW)
        visit.submit()
        check(visit.heading == "The password is changed", "with it, it is")
        driver.get(base + "/oauth2/account")
        check(visit.heading == "Your account", "this browser stays logged in")
        visit.tab_until("everywhere")
        visit.submit(Keys.SPACE)
        check(visit.heading == "Signed out everywhere", "signed out everywhere")
        driver.get(base + "/oauth2/account")
        log_in(visit, user, NEW)
        check(visit.heading == "Your account", "the new password counts")
        log = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE" and "favicon" not in entry["message"]]
        check(not [entry for entry in log if "Content Security" in entry["message"]], "the browser has nothing to complain of")
    finally:
        driver.quit()
        other.quit()


if __name__ == "__main__":
    main()
