"""The planogram's picture is for the counter's own screen."""


def test_the_screen_sees_the_planogram_as_the_linter_does(client):
    answer = client.get("/screen/planogram.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.content == b"\x89PNG the planogram"


def test_nobody_else_does(counter):
    answer = counter.client(peer="192.0.2.9").get("/screen/planogram.png")
    assert (answer.status_code, answer.json()["code"]) == (403, "SCREEN_ONLY")
