"""What the name of a column says about its values."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import pairwise
from typing import Final


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# What an identifier of the rows' own is called, …
_KEYS: Final = _set("id ids uid uuid guid oid key pk sk sku skus ean isbn rowid recordid identifier ident")
_OTHERS: Final = _set(
    "gln sscc nve réf référence referencia referenz identifiant identifikator blz kostenstelle "
    "aktenzeichen debitor kreditor ref reference gtin upc ean13 issn asin barcode imei imsi "
    "iccid vin cusip isin sedol wkn doi orcid handle slug nif siret siren rut cpf cnpj cik gvkey permno "
    "permco lei duns npi ndc cas crn urn kennung kennzeichen pnr cvv cvc pin aadhaar camis matricule "
    "matrikel mmsi callsign "
)
# … and one that belongs to a thing, which two rows may well share.
ZIPS: Final = _set("zip zipcode zips postcode postal postleitzahl plz pincode eircode zip4 zip5")
PHONES: Final = _set(
    "телефон téléphone teléfono phone phones telephone tel mobile cell cellphone fax msisdn telefon telefono "
    "téléfono telephon mobil handy mobiltelefon rufnummer festnetz phonenumber mobilnummer telefonnummer "
    "whatsapp "
)
_SHARED: Final = ZIPS | PHONES | _set("iban bic swift ssn tin ein vat naics sic nace hts инн")
# … and one of the things that tables are made of, of which there is one row each in a table of them.
_CODES: Final = _set("code codes fips geoid iata icao wmo isonum isonumeric ccn ccn3 cca2 cca3")
_IDENTIFIERS: Final = _KEYS | _OTHERS | _SHARED | _CODES

_NUMBER_WORDS: Final = _set("номер number numbers no nr nos num núm nbr nummer numero número numéro nro #")
_SHARED_NUMBERS: Final = _set("phone tax vat bank house room area")
THINGS: Final = _set(
    "account acct agent appointment area article asset authorization authorisation bank batch bill "
    "booking branch building bus campaign card cardholder carrier case certificate cheque check claim "
    "client coupon confirmation consignment contact contract courier credit cust custom customer deal "
    "delivery department dept device document doc donor driver emp employee engine equipment event fax "
    "file flight guest house household id incident insurance inventory invoice inv isbn issue item job "
    "lead licence license listing location loan lot mandate manager manufacturer meeting member "
    "membership merchant meter mobile model mrn object opportunity order ord outlet owner parcel part "
    "passenger passport patient payment permit person phone plant plate po policy prescription product "
    "prod profile project property purchase quote receipt record ref reference registration request "
    "reservation respondent route sales seller serial service session shipment shipper shop site staff "
    "seat gate roll reg sr sl s platform policyholder national routing locker bib jersey dossier station "
    "stock store student subject subscriber subscription supplier survey tag tail task tax telephone "
    "terminal ticket track tracking train transaction transfer trans trip txn user vat vehicle vendor "
    "visit visitor voucher warehouse work workorder "
    # German, French, Spanish, Italian, Dutch
    "kunden kunde auftrags auftrag bestell bestellung rechnungs rechnung artikel personal mitglieds "
    "vertrags liefer haus steuer konto telefon mobil serien sendungs beleg lieferanten "
    "material filial produkt commande facture produit compte cliente pedido factura "
    "producto cuenta ordine fattura klant bestel factuur "
)
"""What has a number, or an ID, of its own."""
# A thing's bare name over whole numbers means the thing's identifier: of these no one counts or measures the singular.
_ALONE: Final = _set(
    "filiale matrícula konto rep representative salesperson agent operator parent individual account "
    "acct article booking branch client customer cust dept department device emp employee flight invoice "
    "member merchant order outlet passenger patient person po product record respondent seller shipper "
    "shop station store student subject subscriber supplier ticket transaction txn user vendor visitor "
    "warehouse kunde klant item manager country continent county state province municipality bidder "
    "buyer owner author artist album genre playlist publisher reviewer tenant landlord donor sponsor "
    "instructor teacher professor coach doctor physician provider lender borrower rider driver referee "
    "supervisor assignee requester approver cashier courier carrier vehicle document contract "
    "reportsto mediatype "
)

_COUNTED: Final = _set(
    "turnover assets followers exports imports wert netto brutto net gross loan loans votes passengers "
    "deaths cases members equity debt wealth age ages amount amounts amt average avg balance bathrooms "
    "beds bedrooms billed budget calls capacity change charge charges clicks commission conversions cost "
    "costs count counts cnt credits day days deposit discount distance downloads duration earnings "
    "employees expense fee fees freight frequency gdp grade growth height hours impressions income index "
    "installs items kg km lat latitude length likes limit lines lng lon long longitude loss margin max "
    "mean median miles min minutes mins mileage months msrp opens orders paid pages payment payments "
    "percent percentage pct points pop population position price prices products profit pts purchases "
    "qty quantities quantity rank ranking rate rates ratio rating ratings reach revenue reviews salary "
    "sales score scores sec seconds secs sends sessions share shares size spend spent std stddev stock "
    "sum tax temperature tenure time total totals traffic transactions unit units usage users valuation "
    "value values vat views visitors visits volume wage weeks weight width wins year years yield menge "
    "anzahl preis betrag summe umsatz kosten gewicht höhe breite länge alter prozent anteil bestand "
    "rabatt einwohner montant prix quantité nombre cantidad precio importe prezzo quantità aantal "
    "prijs bedrag "
)
"""What is counted or measured."""
_COUNTING: Final = _set(
    "n num count total sum avg average mean median max min pct percent anzahl nombre cantidad std days "
    "hours cumulative "
)
"""First words that say so, whatever comes after."""
PERIODS: Final = _set("year month week day quarter season period date jahr monat mois année año mes anno")
"""What is no measure beside another column, as in a row for each country and year."""

_DESCRIPTIONS: Final = _set(
    "address comment comments description message note notes remark remarks review street subject text "
    "title label body "
)
DAYS: Final = _set("date dates datum day dob birthday birthdate fecha expires expiry due hired")
DATES: Final = DAYS | _set(
    "shipped ordered delivered joined started ended signed paid kauf lieferung born created updated "
    "modified timestamp ts datetime time when epoch at on "
)
"""Words of names whose numbers may be days of a spreadsheet; or seconds since 1970."""
MOMENTS: Final = DATES | _set(
    "login seen visit visited activity active updated opened clicked sent received access accessed signup "
    "registered subscribed unsubscribed"
)
"""Words of names whose numbers may be seconds since 1970."""

_NUMERO: Final = re.compile(r"\b[Nn]\.?\s?[°º]\s?")
_LETTERS: Final = re.compile(r"[^\W\d_]+|\d+|#")
_CAMEL: Final = re.compile(r"[A-ZÄÖÜÉ]+(?![a-zäöüßéèêàáíóúñç])|[A-ZÄÖÜÉ]?[a-zäöüßéèêàáíóúñç]+")


@cache
def words(name: str) -> tuple[str, ...]:
    """Return the words of a name, in lower case: ``orderID`` → ``order``, ``id``; ``custno`` → ``cust``, ``no``."""
    found: list[str] = []
    name = _NUMERO.sub("numero ", unicodedata.normalize("NFC", name))
    for run in _LETTERS.findall(name):
        parts = _CAMEL.findall(run) or [run]
        # Where the case says nothing that is known, it says nothing: "ZipCODE", "eMail".
        for part in parts if "".join(parts) == run else [run]:
            found += _split(part.lower())
    return tuple(found)


_ENDS: Final = ("code", "key", "nummer", "number", "nr", "datum", "date")
"""What is split off whatever stands before it, …"""
_ENDS_OF_THINGS: Final = sorted((_NUMBER_WORDS | {"id", "ids", "nummern"}) - {*_ENDS}, key=len, reverse=True)
"""… and what only behind a thing."""
_NOT_AN_ID: Final = _set(
    "lipid lipids triglycerid chlorid fluorid kohlendioxid dioxid oxid froid unid poids acid acids "
    "afraid aid aids amid android avid bid bids braid candid centroid covid david diploid ellipsoid "
    "eyelid fluid fluids grid grids haploid hominid humid hybrid hybrids invalid kid kids laid lid lids "
    "liquid liquids lucid madrid maid mid morbid orchid orchids overpaid paid plaid plasmid prepaid raid "
    "raids rapid repaid rid said solid solids splendid squid steroid steroids thyroid timid underpaid "
    "unpaid valid vivid void voids asteroid cuboid "
)
"""Words that end as though with an ID."""


_NOT_A_CODE: Final = _set(
    "update candidate mandate validate consolidate decode encode unicode geocode recode turkey "
    "monkey whiskey jockey hockey donkey lackey hotkey mickey "
)


def _split(word: str) -> list[str]:
    """Return the words of one that is written together: ``orderid``, ``custno``, ``geonameid``, ``idcase``."""
    if word in _IDENTIFIERS:
        return [word]
    for end in _ENDS_OF_THINGS:
        thing = word.removesuffix(end)
        if len(thing) > 2 and thing != word and (thing in THINGS or thing.removesuffix("s") in THINGS):
            return [thing, end]
    for end in _ENDS:
        if word.endswith(end) and len(word) > len(end) and word not in _NOT_A_CODE:
            return [word.removesuffix(end), end]
    if word.startswith("id") and word[2:] in THINGS:
        return ["id", word[2:]]
    if word.endswith("id") and len(word) > 2 and word not in _NOT_AN_ID:
        return [word[:-2], "id"]
    return [word]


def is_quantity(name: str) -> bool:
    """Whether a name says that its numbers are counted or measured."""
    found = _bare(name)
    if not found:
        return False
    if len(found) == 2 and found[0] == "num" and found[1] in THINGS:
        return False  # its number, as in French; of several things there are a number of
    if any(pair in _NUMBER_OF for pair in pairwise(found)):
        return True
    if len(found) > 1 and found[-1] == "cap":
        return True  # of a market, a salary; alone it is Italy's postcode
    return found[-1] in _COUNTED or (len(found) > 1 and found[0] in _COUNTING)


_NUMBER_OF: Final = frozenset({("number", "of"), ("no", "of"), ("nr", "of"), ("#", "of"), ("nombre", "de")})


def identifier_word(name: str) -> str | None:
    """Return the words of a name that say that its values identify something, or ``None``."""
    found = _bare(name)
    if not found or is_quantity(name) or found[0] in _ASKING or _relates(found):
        return None
    if found[-1] in _IDENTIFIERS or found in _ZIPS_ALONE:
        return found[-1]
    if found[-1] in _NUMBER_WORDS and len(found) > 1 and not _is_counted(found[-2]):
        return " ".join(found[-2:])
    if found[0] in _FIRST or _begins_with_code(found):
        return found[0]
    if (
        found[0] in _NUMBER_WORDS
        and len(found) > 1
        and found[-1] in THINGS
        and (len(found) == 2 or found[1] in _OF)
    ):
        return " ".join(found)
    if (within := [word for word in found if word in _WITHIN]) and not found[-1].endswith("s"):
        return within[0]
    if found[-1] in CATEGORIES and not (found[-1] == "art" and len(found) > 1):
        return found[-1]
    if found[-1] in _ALONE and (len(found) == 1 or found[-1] not in _NOT_AFTER):
        return found[-1]
    if len(found) > 1 and found[-1] in ("ext", "extension") and not PHONES.isdisjoint(found):
        return found[-1]
    if len(found) > 1 and found[-1] == "by" and found[-2] in _DONE:
        return "by"  # as in "created by", which says who
    return " ".join(found) if found in _PHRASES else None


_ZIPS_ALONE: Final = frozenset({("cap",), ("cep",), ("cp",), ("c", "p"), ("codice", "cap"), ("code", "cp")})
"""Postcodes where nothing else is said: a market cap is none."""
_RELATING: Final = _set("per by to from of for with in je pro par por für pour di a at on")
_DONE: Final = _set(
    "created modified updated changed assigned reported approved infected sold entered opened closed "
    "requested handled owned "
)


def _relates(found: tuple[str, ...]) -> bool:
    """Whether a thing is only what something is measured by, as in ``fee per member``, ``lines of code``."""
    return len(found) > 2 and found[-2] in _RELATING


def _begins_with_code(found: tuple[str, ...]) -> bool:
    """Whether a name says of what its values are the code, as in ``code commune``: ``code coverage`` is none."""
    return len(found) > 1 and found[0] in ("code", "codes") and found[1] in THINGS | _ENTITIES | _CODED


_CODED: Final = _set("région departement département insee naf ape pin")
_OF: Final = _set("de du des di del della do da der van")
"""As in ``No de commande``, ``número de cliente``."""


def _is_counted(word: str) -> bool:
    """Whether the number of a thing of this name is its place in an order, or how many there are of it."""
    return word in _ORDERED or (
        word.endswith("s") and word not in THINGS and word.removesuffix("s") in THINGS
    )


_ORDERED: Final = _set(
    "week wk day month mth quarter qtr year yr hour hr minute min second sec lap round episode season "
    "chapter page version line step period leg seq sequence game set inning over heat stage phase level "
    "floor attempt visit repeat trial wave contact jahr monat woche tag "
)
_ASKING: Final = _set("is has was did can will are had needs")
"""First words of a question, whose answers are no identifiers."""
_FIRST: Final = _IDENTIFIERS - _set("code codes key pk cell mobile handle slug swift ref reference") | _set(
    "codice código codigo kode код артикул "
)
"""As in ``ID customer``, ``phone (home)``, ``code commune``."""
_WITHIN: Final = ZIPS | PHONES - _set("cell mobile tel fax") | _set("sku ean isbn iban upc gtin asin")
"""Wherever they stand, as in ``zip code prefix``, ``incident zip (5 digits)``."""
CATEGORIES: Final = _set(
    "type types kind category subcategory district mode origin race ethnicity religion reason kategorie "
    "typ art grund "
)
"""What has names: a number in such a column is one."""
_NOT_AFTER: Final = _set("order item subject record station")
"""Not a thing of their own behind another word, as in ``stock item``."""
_PHRASES: Final = frozenset({("reports", "to"), ("assigned", "to"), ("iso", "numeric")})


def _bare(name: str) -> tuple[str, ...]:
    """Return the words of a name without the numbers at its end, as in ``phone 2``."""
    found = words(name)
    while len(found) > 1 and (found[-1].isdecimal() or found[-1] in _UNITS):
        found = found[:-1]
    return found


_UNITS: Final = _set("usd eur gbp chf jpy netto brutto net gross")
"""What stands behind the name of an amount."""


def says(name: str, these: frozenset[str]) -> bool:
    """Whether a name has one of these words, and is not that of a quantity."""
    return not is_quantity(name) and not these.isdisjoint(words(name))


def is_number_word(name: str) -> bool:
    """Whether a name is no more than ``No.``, ``nr`` or the like."""
    return len(found := _bare(name)) == 1 and found[0] in _NUMBER_WORDS


def says_period(name: str) -> bool:
    """Whether a name says that its values are years, months or the like."""
    return bool(found := _bare(name)) and found[-1] in PERIODS


KEY, IDENTIFIER, ENTITY, UNTOLD, SHARED = 4, 3, 2, 1, 0
"""How much a name speaks for a column that could be the key: it is called a key; it identifies something, as an order
number does; it names what a row may be about, as a country or a model does; it says nothing; it says something else, as
a person's name or a postcode does, which only happen to differ."""


def key_rank(name: str) -> int:
    """Return how much a name speaks for its column as the key."""
    found = _bare(name)
    if not found or is_quantity(name):
        return SHARED if found else UNTOLD
    word = identifier_word(name)
    if found[-1] in _KEYS or word in ("id", "sku", "ean", "isbn"):
        return KEY
    if word in CATEGORIES:
        return UNTOLD
    if word is not None:
        area = found[-2:] in (
            ("area", "code"),
            ("dialling", "code"),
            ("dial", "code"),
        ) or not ZIPS.isdisjoint(found)
        if word in _CODES and not area:
            return ENTITY
        if word in _ALONE:
            return ENTITY if found[-1] in _ENTITIES else UNTOLD
        return SHARED if area or word in _SHARED or word.split()[0] in _SHARED_NUMBERS else IDENTIFIER
    if (
        not _EMAILS.isdisjoint(found)
        or found[-1] in _ENTITIES
        or (found[-1] in _NAMES and (len(found) == 1 or found[-2] in _ENTITIES))
    ):
        return ENTITY
    return SHARED if found[-1] in _DESCRIPTIONS | _NAMES else UNTOLD


_EMAILS: Final = _set("email mail")
_NAMES: Final = _set("name names nom nombre nome bezeichnung denominazione")
_ENTITIES: Final = _set(
    "airline university college school hospital bank hotel restaurant country countries state city town "
    "airport model species symbol ticker domain hostname login username company organisation "
    "organization brand team player county province municipality district region product land stadt "
    "paese pays país gemeinde commune iso iso2 iso3 callsign tailnum currency language drug film movie "
    "song artist "
)
