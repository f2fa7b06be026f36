"""Article numbers: check digits of all lengths, and codes that are the same."""

import pytest

from edge.domain.gtin import check_digit, gtin, normal


# GS1's own check digit calculator (13), Wikipedia's examples of EAN-8 and UPC-A, a carton of the first.
@pytest.mark.parametrize("code", ["6291041500213", "96385074", "036000291452", "16291041500210"])
def test_the_check_digit_is_gs1s_at_every_length(code):
    assert check_digit(code[:-1]) == int(code[-1])
    assert gtin(code) == code


@pytest.mark.parametrize(
    "code", ["", "123", "62910415002134567", "629104150021３", "6291041500214", "0036000291453"]
)
def test_what_is_no_article_number_is_refused(code):
    with pytest.raises(ValueError, match=r"must have 8, 12, 13 or 14 digits|wrong check digit"):
        gtin(code)


def test_leading_zeros_make_no_other_article():
    assert normal("036000291452") == normal("0036000291452") == normal("00036000291452")
