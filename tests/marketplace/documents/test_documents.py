"""Documents by content: what is taken and what is refused, versions, and who reads what in a data room."""

import asyncio
import hashlib
import io
import zipfile
import zlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import msgspec
import pytest

from kit.sql import Pool
from marketplace.app import Resources, create_app
from marketplace.bidders import service as bidders
from marketplace.bidders.schemas import Registration
from marketplace.documents import pdf_objects, rules
from marketplace.documents.http import routes
from marketplace.documents.rules import FileRefused
from marketplace.documents.schemas import Visibility
from marketplace.imports.sample import portfolio_bytes
from marketplace.organisations.schemas import Caller, Role
from tests.make_people import client_of, key_of, make_caller
from tests.make_portfolio import TODAY, Parties, make_accepted_consignment, make_parties
from tests.make_shown_lots import make_published_lot

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20 + b"IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20 + b"\xff\xd9"


def zipped(**members: bytes) -> bytes:
    """A zip that is no workbook."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def packed(objects: bytes, *, how: bytes = b"", level: int = 9) -> bytes:
    """A PDF 1.5 with objects in a packed stream."""
    data = zlib.compress(b"4 0 5 21 " + objects, level)
    head = b"3 0 obj<</Type/ObjStm/N 2/First 9/Filter/FlateDecode%s/Length %d>>stream\r\n" % (
        how,
        len(data),
    )
    return PDF.replace(b"trailer", head + data + b"\nendstream endobj\ntrailer")


#: Writes of /JS on a page are no action: this is not a stream of objects.
PAGE = zlib.compress(b"BT /F1 12 Tf (see /JavaScript and /Launch) Tj ET")

TAKEN = [
    (PDF, "application/pdf"),
    (PDF.replace(b"/Type", b"/OpenAction[1 0 R/XYZ null null 0]/Type"), "application/pdf"),
    (packed(b"<</Type/Page/Annots[]>> <</Type/Font>>" * 5_000), "application/pdf"),
    (PDF.replace(b"trailer", b"stream\n" + PAGE + b"\nendstream trailer"), "application/pdf"),
    (PDF.replace(b"trailer", b"stream\nx\x9cno zlib endstream trailer"), "application/pdf"),
    (PNG, "image/png"),
    (JPEG, "image/jpeg"),
    ("催收通知\n第一次".encode(), "text/plain"),
    (b"\xef\xbb\xbfplain, with a mark", "text/plain"),
]
REFUSED = [
    ("size", b""),
    ("size", b"x" * (rules.BYTES_MAX + 1)),
    ("acts", PDF.replace(b"/Type", b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>/Type")),
    ("acts", PDF.replace(b"/Type", b"/J#61vaScript/Type")),
    ("acts", PDF.replace(b"/Type", b"/Launch/Type")),
    ("acts", PDF.replace(b"/Type", b"/EmbeddedFile/Type")),
    ("acts", PDF.replace(b"/Type", b"/OpenAction 7 0 R/Type")),
    ("acts", packed(b"<</S/JavaScript/JS(app.alert(1))>>")),
    ("acts", packed(b"<</Type/Font>>" * 100_000 + b"<</S/#4caunch>>", level=0)),
    ("acts", packed(b"<</S/Launch>>", how=b"/X(endstream stream\nx\x9c)")),
    ("unreadable", packed(b"<</Type/Font>>", how=b"/DecodeParms<</Predictor 12>>")),
    ("unreadable", packed(b"<</Type/Font>>", how=b"/DecodeParms null/F[/ASCIIHexDecode]")),
    ("unreadable", PDF.replace(b"trailer", b"/ObjStm" * 2_000_000 + b"trailer")),
    ("unreadable", PDF.replace(b"trailer", b"/ObjStm" + b"/Predictor" * 1_900_000 + b"trailer")),
    ("unreadable", packed(b" " * (pdf_objects.UNPACKED_MAX + 1))),
    ("unreadable", PDF.replace(b"trailer", b"stream\nx\x9c" * 20_001 + b"trailer")),
    ("encrypted", PDF.replace(b"trailer<<", b"trailer<</Encrypt 2 0 R")),
    ("damaged", PDF.replace(b"%%EOF", b"")),
    ("damaged", PNG[:-4]),
    ("damaged", JPEG[:-2]),
    ("not_a_workbook", zipped(a=b"b")),
    ("unsafe_member", zipped(**{"../a": b"b"})),
    ("unknown_type", b"MZ\x90\x00\x03"),
    ("unknown_type", b"\x7fELF\x02\x01"),
    ("unknown_type", b"GIF89a\x01\x00"),
    ("unknown_type", "乙".encode("gb18030")),
    ("unknown_type", b"text with \x1b[2J an escape"),
]


@pytest.mark.parametrize(("content", "type_"), TAKEN)
def test_a_file_is_what_its_content_says(content: bytes, type_: str) -> None:
    """Whatever it is called, the bytes decide."""
    assert rules.media_type(content) == type_


def workbook_with(*relationships: str) -> bytes:
    """A real workbook with relationships more, in a part of their own."""
    file = io.BytesIO(portfolio_bytes(today=TODAY))
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    shown = "".join(f'<Relationship Id="r{n}" {one}/>' for n, one in enumerate(relationships))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(
            "xl/worksheets/_rels/sheet9.xml.rels",
            f"<Relationships>{shown}</Relationships>".replace("KIND:", kinds),
        )
    return file.getvalue()


@pytest.mark.parametrize(
    ("relationship", "kind"),
    [
        ('Type="KIND:externalLink" Target="../a.xml"', "externalLink"),
        ('Type="KIND:connections" Target="x.xml"', "connections"),
        ('Type="KIND:oleObject" Target="../embeddings/a.dat"', "oleObject"),
        ('Type="KIND:package" Target="../embeddings/a.docx"', "package"),
        ('Type="KIND:image" TargetMode="&#69;xternal" Target="http://192.0.2.1/a.png"', "image"),
    ],
)
def test_a_workbook_that_reaches_out_is_refused(relationship: str, kind: str) -> None:
    """Links to other workbooks, queries, embedded files, pictures from elsewhere: whatever the parts are called."""
    link = 'Type="KIND:hyperlink" TargetMode="External" Target="https://example.org/"'
    with pytest.raises(FileRefused, match=kind) as caught:
        rules.media_type(workbook_with(link, relationship))
    assert caught.value.context["reason"] == "acts"
    assert rules.media_type(workbook_with(link)) == rules.XLSX


def test_a_workbook_is_taken_as_one() -> None:
    """A real workbook passes the same checks as an import."""
    assert rules.media_type(portfolio_bytes(today=TODAY)) == rules.XLSX


@pytest.mark.parametrize(
    ("reason", "content"), REFUSED, ids=[f"{r[0]}-{n}" for n, r in enumerate(REFUSED)]
)
def test_hostile_and_unknown_files_are_refused(reason: str, content: bytes) -> None:
    """Programs, scripts in PDFs, broken and oversized files, archives: each with its reason in both languages."""
    with pytest.raises(FileRefused) as caught:
        rules.media_type(content)
    assert caught.value.context["reason"] == reason
    assert caught.value.message != caught.value.message_zh


NAMES = [
    ("../../etc/passwd", "passwd"),
    ("..\\..\\windows\\system.ini", "system.ini"),
    ("/absolute/合同.pdf", "合同.pdf"),
    ("a\x00b.pdf", "ab.pdf"),
    ("invoice\u202efdp.exe", "invoicefdp.exe"),
    ("．．／secret", "secret"),
    ("...", ""),
    ("x" * 500, "x" * 120),
]


@pytest.mark.parametrize(("given", "shown"), NAMES)
def test_a_given_name_is_words_and_never_a_path(given: str, shown: str) -> None:
    """Traversal, absolute paths, NUL, direction marks and full-width dots leave the last part, if anything."""
    assert rules.given_name(given) == shown
    name = rules.server_name(UUID(int=7), 3, "application/pdf")
    assert name == "luochui-00000000-0000-0000-0000-000000000007-v3.pdf"


V = Visibility


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ((False, False, False), {V.PUBLIC}),
        ((False, False, True), {V.PUBLIC}),
        ((False, True, False), {V.PUBLIC, V.REGISTERED}),
        ((False, True, True), {V.PUBLIC, V.REGISTERED, V.NDA}),
        ((True, False, False), set(V)),
    ],
)
def test_who_reads_which_level(given: tuple[bool, bool, bool], seen: set[Visibility]) -> None:
    """P for all, R once registered, N once the terms are accepted too, I inside only (domain 3.8)."""
    inside, registered, accepted = given
    found = rules.levels(is_inside=inside, is_registered=registered, has_accepted=accepted)
    assert found == seen


class Room(msgspec.Struct, frozen=True):
    """A lot with its people and one document of each visibility about its right."""

    client: httpx.AsyncClient
    pool: Pool
    lot_id: UUID
    parties: Parties
    bidder: Caller
    keys: dict[str, dict[str, str]]
    documents: dict[str, str]

    async def get(self, who: str, path: str) -> httpx.Response:
        """GET as one of them."""
        return await self.client.get(path, headers=self.keys[who])

    async def post(self, who: str, path: str, body: object, key: str) -> httpx.Response:
        """POST as one of them."""
        headers = self.keys[who] | {"Idempotency-Key": key}
        return await self.client.post(path, json=body, headers=headers)


@pytest.fixture
async def room(resources: Resources, now: datetime) -> AsyncIterator[Room]:
    """A published lot of a real consignment, a registered bidder and another who is not."""
    pool = resources.pool
    parties = await make_parties(pool, now=now)
    checker = await make_caller(
        pool, Role.VENUE_CHECKER, now=now, organisation_id=parties.venue.organisation_id
    )
    bidder = await make_caller(pool, Role.AGENCY_BIDDER, now=now)
    async with pool.acquire() as conn, conn.transaction():
        consignment = await make_accepted_consignment(conn, parties, now=now)
        lot = await make_published_lot(
            conn,
            drafter=parties.venue,
            publisher=checker,
            consignor_id=parties.maker.organisation_id,
            now=now,
        )
        await conn.execute(
            "UPDATE market.lots SET consignment_id = $2 WHERE id = $1", lot.id, consignment.id
        )
        given = Registration(
            disclosure_sha256=lot.notice_sha256 or "", conflict_statement="no interest 无关联"
        )
        await bidders.register(conn, bidder, lot.id, given, now=now)
    people = {
        "maker": parties.maker,
        "venue": parties.venue,
        "bidder": bidder,
        "outsider": await make_caller(pool, Role.AGENCY_BIDDER, now=now),
        "stranger": (strangers := await make_parties(pool, now=now)).maker,
        "other venue": strangers.venue,
        "auditor": await make_caller(pool, Role.AUDITOR, now=now),
    }
    keys = {name: await key_of(pool, who, now=now) for name, who in people.items()}
    async with client_of(create_app(resources, routes=routes)) as client:
        opened = Room(client, pool, lot.id, parties, bidder, keys | {"visitor": {}}, documents={})
        for visibility in Visibility:
            opened.documents[visibility] = await _document(
                opened, visibility, consignment.asset_ids[0]
            )
        yield opened


async def _document(room: Room, visibility: Visibility, asset_id: UUID) -> str:
    body = {
        "subject": "asset",
        "subject_id": str(asset_id),
        "kind": "technical_paper",
        "title": f"文件 {visibility}",
        "visibility": visibility,
    }
    made = await room.post("maker", "/v1/documents", body, f"d-{visibility}")
    assert made.status_code == 201, made.text
    sent = room.keys["maker"] | {
        "Idempotency-Key": f"v-{visibility}",
        "File-Name": quote("../../甲.pdf"),
        "Content-Type": "application/x-msdownload",
    }
    path = f"{made.headers['location']}/versions"
    done = await room.client.post(path, content=PDF, headers=sent)
    assert done.status_code == 201, done.text
    [version] = done.json()["versions"]
    assert version["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (version["media_type"], version["given_name"]) == ("application/pdf", "甲.pdf")
    return str(made.json()["id"])


async def test_each_reads_what_the_visibility_lets_them(room: Room) -> None:
    """Visitors P, registered bidders R, after the terms N; bank, venue and auditor all; another bank no more than P."""
    path = f"/v1/lots/{room.lot_id}/data-room"

    async def seen(who: str) -> set[str]:
        answer = await room.get(who, path)
        assert answer.status_code == 200, answer.text
        return {each["visibility"] for each in answer.json()["documents"]}

    expected: dict[str, set[str]] = {
        "visitor": {"public"},
        "outsider": {"public"},
        "stranger": {"public"},
        "bidder": {"public", "registered"},
        "maker": set(Visibility),
        "venue": set(Visibility),
        "auditor": set(Visibility),
    }
    for who, levels in expected.items():
        assert await seen(who) == levels, who
    assert (await room.get("visitor", path)).json()["withheld"] == 2
    terms = {"text_zh": "不得披露。", "text_en": "Not to be disclosed."}
    published = await room.post("venue", f"{path}/terms", terms, "t1")
    assert published.status_code == 201, published.text
    refused = await room.post("bidder", f"{path}/acceptance", {"sha256": "0" * 64}, "a0")
    assert (refused.status_code, refused.json()["code"]) == (409, "secrecy_terms_changed")
    accepted = {"sha256": published.json()["sha256"]}
    outside = await room.post("outsider", f"{path}/acceptance", accepted, "a1")
    assert outside.status_code == 404
    done = await room.post("bidder", f"{path}/acceptance", accepted, "a2")
    assert done.json()["has_accepted"], done.text
    assert await seen("bidder") == {"public", "registered", "nda"}
    again = terms | {"text_en": "Not to be disclosed to anybody."}
    assert (await room.post("venue", f"{path}/terms", again, "t2")).status_code == 201
    assert await seen("bidder") == {"public", "registered"}


async def test_a_venue_looks_the_papers_of_a_consignment_through(room: Room) -> None:
    """Before there is a lot: inside papers too, each reading on record; none while it is given back (domain 7)."""
    consignment_id = await room.pool.fetchval("SELECT consignment_id FROM market.lots")
    path = f"/v1/consignments/{consignment_id}/documents"
    found = (await room.get("venue", path)).json()
    assert {one["id"] for one in found} == set(room.documents.values())
    paper = f"{path}/{room.documents[Visibility.INTERNAL]}/content"
    assert (await room.get("venue", paper)).content == PDF
    assert await room.pool.fetchval("SELECT count(*) FROM market.document_accesses") == 1
    for who, status in (("maker", 403), ("bidder", 403), ("visitor", 401), ("other venue", 404)):
        assert (await room.get(who, path)).status_code == status, who
        assert (await room.get(who, paper)).status_code == status, who
    await room.pool.execute("UPDATE market.consignments SET state = 'returned', reason = 'price'")
    assert (await room.get("venue", path)).json() == []
    assert (await room.get("venue", paper)).status_code == 404


async def test_terms_published_at_once_are_one_after_the_other(room: Room) -> None:
    """Several at the same moment: each has a number of its own, none an error."""
    path, texts = f"/v1/lots/{room.lot_id}/data-room/terms", [f"第 {n} 版 terms" for n in range(5)]
    made = await asyncio.gather(
        *(room.post("venue", path, {"text_zh": each, "text_en": each}, each[2]) for each in texts)
    )
    assert [answer.status_code for answer in made] == [201] * 5
    assert {answer.json()["number"] for answer in made} == {1, 2, 3, 4, 5}


async def test_readings_are_attachments_and_leave_a_line(room: Room) -> None:
    """Given out to be saved, under our name, with nosniff; all is logged. Sellers learn who read once it is sold."""
    path = f"/v1/lots/{room.lot_id}/data-room"
    fine = await room.get("bidder", f"{path}/{room.documents['registered']}/content")
    assert (fine.status_code, fine.content) == (200, PDF)
    assert fine.headers["content-disposition"].startswith('attachment; filename="luochui-')
    assert fine.headers["x-content-type-options"] == "nosniff"
    assert fine.headers["content-type"] == "application/pdf"
    for who, level in (("bidder", "nda"), ("visitor", "registered"), ("stranger", "internal")):
        answer = await room.get(who, f"{path}/{room.documents[level]}/content")
        assert answer.status_code == 404, (who, level)
    await room.get("visitor", f"{path}/{room.documents['public']}/content")
    own = await room.get("maker", f"/v1/documents/{room.documents['internal']}/versions/1/content")
    assert own.content == PDF
    log = (await room.get("auditor", f"{path}/accesses")).json()
    assert [(line["organisation_id"] is None, line["number"]) for line in log] == [
        (True, 1),
        (False, 1),
    ]
    assert log[1]["organisation_id"] == str(room.bidder.organisation_id)
    hidden = [log[0], log[1] | {"organisation_id": None, "user_id": None, "is_withheld": True}]
    statuses = ("published", "registration", "open", "paused", "unsold", "withdrawn", "defaulted")
    for seller in ("venue", "maker"):
        for status, seen in [(one, hidden) for one in statuses] + [("sold", log), ("done", log)]:
            await room.pool.execute(
                "UPDATE market.lots SET status = $2 WHERE id = $1", room.lot_id, status
            )
            assert (await room.get(seller, f"{path}/accesses")).json() == seen, (seller, status)
    assert (await room.get("stranger", f"{path}/accesses")).status_code == 404


async def test_versions_are_added_and_nothing_is_overwritten(room: Room) -> None:
    """The same bytes add nothing, others a version; a refused file adds nothing; a withdrawn document is not shown."""
    document_id = room.documents["public"]
    path = f"/v1/documents/{document_id}"

    async def send(content: bytes, key: str) -> httpx.Response:
        headers = room.keys["maker"] | {"Idempotency-Key": key}
        return await room.client.post(f"{path}/versions", content=content, headers=headers)

    assert len((await send(PDF, "1")).json()["versions"]) == 1
    assert len((await send(PNG, "2")).json()["versions"]) == 2
    hostile = await send(b"MZ\x90\x00", "3")
    assert (hostile.status_code, hostile.json()["code"]) == (422, "file_refused")
    shown = (await room.get("maker", path)).json()
    assert [version["media_type"] for version in shown["versions"]] == [
        "application/pdf",
        "image/png",
    ]
    assert (await room.get("maker", f"{path}/versions/3/content")).status_code == 404
    for who in ("stranger", "venue"):
        assert (await room.get(who, path)).status_code == 404
    about = f"/v1/documents/about/{shown['subject_id']}"
    assert len((await room.get("maker", about)).json()) == 4
    assert (await room.get("stranger", about)).json() == []
    change: dict[str, Any] = {
        "title": "撤回",
        "kind": "other",
        "visibility": "public",
        "is_withdrawn": True,
    }
    headers = room.keys["maker"] | {"If-Match": '"1"'}
    gone = await room.client.put(path, json=change, headers=headers)
    assert gone.status_code == 200, gone.text
    visitor = await room.get("visitor", f"/v1/lots/{room.lot_id}/data-room")
    assert visitor.json()["documents"] == []
    foreign = {"subject": "asset", "kind": "other", "title": "x", "visibility": "public"}
    body = foreign | {"subject_id": shown["subject_id"]}
    assert (await room.post("stranger", "/v1/documents", body, "f")).status_code == 404
    assert (await room.post("venue", "/v1/documents", body, "g")).status_code == 404
    lot = foreign | {"subject": "lot", "subject_id": str(room.lot_id)}
    assert (await room.post("venue", "/v1/documents", lot, "h")).status_code == 201
