"""Which names of columns say that the column identifies people: words in five languages, by kind.

The contract's allow-list would refuse such a column as unknown anyway; its kind is said so that the person who exports knows that the column must not leave
the record system at all. In a foreign export such a column is refused even where its mapping ignores it: ignoring a column does not take it out of the file.

The kinds are those of HIPAA's list of identifiers (45 CFR 164.514(b)(2)(i)) as far as a column's name tells them.
"""

from __future__ import annotations

import re
import unicodedata

PERSON = "a person's name"
BIRTH = "a date or year of birth"
ADDRESS = "an address"
PHONE = "a telephone or fax number"
MAIL = "an e-mail address"
HEALTH_NUMBER = "a health service's or insurance number"
NATIONAL_NUMBER = "a national, tax or social security number"
POSTCODE = "a postcode"
DOCUMENT = "a passport, identity card or licence number"
RECORD_NUMBER = "a medical record number"
ELECTRONIC = "an account, device or web address"
IMAGE = "a photograph or other biometric record"
AGE = "a single age; hand over `age_band`, top band 75+"

# Phrases of whole words, parted by "|"; `_` at an end asks for the name's beginning or end there, so that `name` alone is told from `agency_name`.
_PHRASES: dict[str, str] = {
    MAIL: "email|e mail|emailaddress|mailadresse|_mail_|mail address|courriel|correo|correo electronico|e mailadres|emailadres",
    BIRTH: "dob|birth|birthdate|birthday|birthyear|dateofbirth|yearofbirth|born|geburtsdatum|geburtstag|geburtsjahr|geb datum|gebdat|gebdatum|"
    "geboren|naissance|date naiss|datenaissance|nacimiento|fechanacimiento|fecha nac|geboorte|geboortedatum|geboortejaar",
    ELECTRONIC: "username|user name|login|ip address|_ip_|mac address|device id|serial number|url|website|web address|facebook|instagram|"
    "twitter|whatsapp|skype",
    ADDRESS: "address|addr|street|streetname|anschrift|adresse|strasse|hausnummer|house number|house no|_rue_|direccion|calle|domicilio|adres|straat|"
    "straatnaam|huisnummer|wohnort|domicile",
    PHONE: "phone|telephone|telefon|telefono|telefoon|telefonnummer|telefoonnummer|phonenumber|phoneno|_tel_|tel no|tel nr|mobile|mobil|mobilnummer|"
    "mobiltelefon|cellphone|cell no|handy|handynummer|portable_|movil|mobiel|fax|faxnummer|gsm|landline",
    HEALTH_NUMBER: "nhs number|nhs no|nhs num|nhs nr|nhs id|_nhs_|nhsno|nhsnumber|nhsnum|chi number|insurance|insuranceno|insurancenumber|"
    "policy number|policy no|member id|subscriber id|beneficiary|versicherung|versicherungsnummer|versichertennummer|versicherten nr|versichertennr|"
    "krankenversicherung|kvnr|egk|assurance|numero assure|carte vitale|seguro|numero seguro|tarjeta sanitaria|zorgverzekering|verzekering|"
    "verzekeringsnummer|polisnummer|medicare number|medicare no|medicare id|medicaid number|medicaid no|medicaid id",
    NATIONAL_NUMBER: "ssn|social security|socialsecurity|_nino_|national insurance|national id|nationalid|tax id|tax number|steuer id|steuernummer|"
    "steueridentnummer|sozialversicherung|sozialversicherungsnummer|svnr|sv nummer|_nir_|insee|numero secu|securite sociale|_dni_|_nie_|_nif_|"
    "seguridad social|_bsn_|bsn nummer|burgerservicenummer|cpr number|personnummer|fodselsnummer",
    POSTCODE: "postcode|post code|postal|postalcode|zip|zipcode|plz|postleitzahl|code postal|codepostal|codigo postal|codigopostal",
    DOCUMENT: "passport|reisepass|passnummer|ausweis|personalausweis|ausweisnummer|passeport|pasaporte|paspoort|driver licence|driver license|"
    "drivers licence|drivers license|driving licence|driving license|licence number|license number|fuhrerschein|permis conduire|rijbewijs|"
    "identity card|id card|plate number|number plate|license plate|iban|bank account|account number|kontonummer|cuenta bancaria|rekeningnummer",
    RECORD_NUMBER: "mrn|medical record|medicalrecord|hospital number|hospital no|hospitalno|chart number|chart no|krankenaktennummer|aktennummer|"
    "numero dossier|_nhc_|historia clinica|dossiernummer",
    IMAGE: "photo|photograph|picture_|fingerprint|voiceprint|face image|signature|unterschrift|handtekening",
    PERSON: "_name_|_names_|surname|firstname|forename|lastname|fullname|givenname|familyname|middlename|maidenname|nickname|patientname|clientname|"
    "therapistname|initials|initialen|initiales|iniciales|vorname|nachname|zuname|familienname|geburtsname|rufname|patientenname|therapeutenname|"
    "_prenom|prenom|_nom_|nom famille|nom patient|nom naissance|_nombre_|nombre completo|nombre paciente|apellido|apellidos|voornaam|achternaam|"
    "roepnaam|familienaam|_naam_|tussenvoegsel|next of kin|emergency contact|"
    + "|".join(
        f"{whose} name"
        for whose in (
            "first last sur given family full middle maiden legal preferred birth nick patient client therapist clinician counsellor counselor "
            "psychologist doctor gp staff worker carer caregiver mother father parent guardian partner spouse child person participant respondent "
            "member contact supervisor"
        ).split()
    ),
}
# Words that make of an identifier something that identifies nobody: `insurance_type`, `birth_order`.
_HARMLESS = re.compile(
    r"_(insurance|assurance|seguro|versicherung|verzekering) (type|status|kind|class|category|art|tipo)_|_birth (order|country|weight)_"
    r"|_address(ed|ing)_|_(mobile|portable) (app|device|version)_"
    r"|_(postal|address|photo|phone|email|mail|signature|consent) (sent|given|consent|ok|yes|allowed)_"
)
_SINGLE_AGE = re.compile(r"[_ ](age|age (in )?years|age at (start|intake|baseline|entry)|years old|alter|alter jahre|lebensalter|edad|leeftijd)_$")


def _compiled(phrases: str) -> re.Pattern[str]:
    parts = []
    for phrase in phrases.split("|"):
        start, end = ("^_" if phrase.startswith("_") else "_"), ("_$" if phrase.endswith("_") else "_")
        parts.append(f"{start}{phrase.strip('_')}{end}".replace(" ", "[ ]"))
    return re.compile("|".join(parts).replace("_", "[_ ]").replace("^[_ ]", "^_").replace("[_ ]$", "_$"))


_KINDS = {kind: _compiled(phrases) for kind, phrases in _PHRASES.items()}


def identifier(name: str) -> str | None:
    """The kind of identifier that a column's name says it holds, None for a name that says none.

    Case, accents, signs and camelCase do not matter: `DateOfBirth`, `date_of_birth` and `date-of-birth` are one name.
    """
    words = f"_{' '.join(_words(name))}_"
    if _HARMLESS.search(words):
        return None
    return next((kind for kind, phrases in _KINDS.items() if phrases.search(words)), None)


def single_age(name: str) -> bool:
    """Whether a column's name says that it holds ages in years rather than bands."""
    return bool(_SINGLE_AGE.search(f"_{' '.join(_words(name))}_"))


def _words(name: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    plain = unicodedata.normalize("NFKD", parted.replace("ß", "ss").replace("ẞ", "SS"))
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign)).lower()
    return [word for word in re.split(r"[^a-z]+", letters) if word]
