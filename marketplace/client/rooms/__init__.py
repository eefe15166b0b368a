"""All rooms of the client. Made by `make client`; not to be edited."""

from marketplace.client.calling import Calls
from marketplace.client.rooms.anomalies import Anomalies
from marketplace.client.rooms.approvals import Approvals
from marketplace.client.rooms.assets import Assets
from marketplace.client.rooms.auctions import Auctions
from marketplace.client.rooms.audit import Audit
from marketplace.client.rooms.banking import Banking
from marketplace.client.rooms.bidders import Bidders
from marketplace.client.rooms.burdens import Burdens
from marketplace.client.rooms.cases import Cases
from marketplace.client.rooms.changes import Changes
from marketplace.client.rooms.claim_ends import ClaimEnds
from marketplace.client.rooms.claims import Claims
from marketplace.client.rooms.collections import Collections
from marketplace.client.rooms.conflicts import Conflicts
from marketplace.client.rooms.consignments import Consignments
from marketplace.client.rooms.diligence import Diligence
from marketplace.client.rooms.disclosures import Disclosures
from marketplace.client.rooms.documents import Documents
from marketplace.client.rooms.duties import Duties
from marketplace.client.rooms.enrolments import Enrolments
from marketplace.client.rooms.experts import Experts
from marketplace.client.rooms.exports import Exports
from marketplace.client.rooms.funds import Funds
from marketplace.client.rooms.grants import Grants
from marketplace.client.rooms.imports import Imports
from marketplace.client.rooms.inquiries import Inquiries
from marketplace.client.rooms.ledgers import Ledgers
from marketplace.client.rooms.liabilities import Liabilities
from marketplace.client.rooms.licence_offers import LicenceOffers
from marketplace.client.rooms.licences import Licences
from marketplace.client.rooms.log import Log
from marketplace.client.rooms.lots import Lots
from marketplace.client.rooms.mandates import Mandates
from marketplace.client.rooms.monitoring import Monitoring
from marketplace.client.rooms.organisations import Organisations
from marketplace.client.rooms.packages import Packages
from marketplace.client.rooms.party_notices import PartyNotices
from marketplace.client.rooms.people import People
from marketplace.client.rooms.plans import Plans
from marketplace.client.rooms.pledges import Pledges
from marketplace.client.rooms.pledgors import Pledgors
from marketplace.client.rooms.recorded_routes import RecordedRoutes
from marketplace.client.rooms.records import Records
from marketplace.client.rooms.registry import Registry
from marketplace.client.rooms.remedies import Remedies
from marketplace.client.rooms.resales import Resales
from marketplace.client.rooms.returns import Returns
from marketplace.client.rooms.revocations import Revocations
from marketplace.client.rooms.sales import Sales
from marketplace.client.rooms.sealings import Sealings
from marketplace.client.rooms.sessions import Sessions
from marketplace.client.rooms.set_offs import SetOffs
from marketplace.client.rooms.statements import Statements
from marketplace.client.rooms.subscriptions import Subscriptions
from marketplace.client.rooms.transfers import Transfers
from marketplace.client.rooms.valuation_orders import ValuationOrders
from marketplace.client.rooms.valuations import Valuations
from marketplace.client.rooms.webhooks import Webhooks
from marketplace.client.rooms.white_lists import WhiteLists

_ROOMS = {
    "anomalies": Anomalies,
    "approvals": Approvals,
    "assets": Assets,
    "auctions": Auctions,
    "audit": Audit,
    "banking": Banking,
    "bidders": Bidders,
    "burdens": Burdens,
    "cases": Cases,
    "changes": Changes,
    "claim_ends": ClaimEnds,
    "claims": Claims,
    "collections": Collections,
    "conflicts": Conflicts,
    "consignments": Consignments,
    "diligence": Diligence,
    "disclosures": Disclosures,
    "documents": Documents,
    "duties": Duties,
    "enrolments": Enrolments,
    "experts": Experts,
    "exports": Exports,
    "funds": Funds,
    "grants": Grants,
    "imports": Imports,
    "inquiries": Inquiries,
    "ledgers": Ledgers,
    "liabilities": Liabilities,
    "licence_offers": LicenceOffers,
    "licences": Licences,
    "log": Log,
    "lots": Lots,
    "mandates": Mandates,
    "monitoring": Monitoring,
    "organisations": Organisations,
    "packages": Packages,
    "party_notices": PartyNotices,
    "people": People,
    "plans": Plans,
    "pledges": Pledges,
    "pledgors": Pledgors,
    "recorded_routes": RecordedRoutes,
    "records": Records,
    "registry": Registry,
    "remedies": Remedies,
    "resales": Resales,
    "returns": Returns,
    "revocations": Revocations,
    "sales": Sales,
    "sealings": Sealings,
    "sessions": Sessions,
    "set_offs": SetOffs,
    "statements": Statements,
    "subscriptions": Subscriptions,
    "transfers": Transfers,
    "valuation_orders": ValuationOrders,
    "valuations": Valuations,
    "webhooks": Webhooks,
    "white_lists": WhiteLists,
}


class Rooms:
    """One attribute a room."""

    anomalies: Anomalies
    approvals: Approvals
    assets: Assets
    auctions: Auctions
    audit: Audit
    banking: Banking
    bidders: Bidders
    burdens: Burdens
    cases: Cases
    changes: Changes
    claim_ends: ClaimEnds
    claims: Claims
    collections: Collections
    conflicts: Conflicts
    consignments: Consignments
    diligence: Diligence
    disclosures: Disclosures
    documents: Documents
    duties: Duties
    enrolments: Enrolments
    experts: Experts
    exports: Exports
    funds: Funds
    grants: Grants
    imports: Imports
    inquiries: Inquiries
    ledgers: Ledgers
    liabilities: Liabilities
    licence_offers: LicenceOffers
    licences: Licences
    log: Log
    lots: Lots
    mandates: Mandates
    monitoring: Monitoring
    organisations: Organisations
    packages: Packages
    party_notices: PartyNotices
    people: People
    plans: Plans
    pledges: Pledges
    pledgors: Pledgors
    recorded_routes: RecordedRoutes
    records: Records
    registry: Registry
    remedies: Remedies
    resales: Resales
    returns: Returns
    revocations: Revocations
    sales: Sales
    sealings: Sealings
    sessions: Sessions
    set_offs: SetOffs
    statements: Statements
    subscriptions: Subscriptions
    transfers: Transfers
    valuation_orders: ValuationOrders
    valuations: Valuations
    webhooks: Webhooks
    white_lists: WhiteLists

    def __init__(self, calls: Calls) -> None:
        for name, room in _ROOMS.items():
            setattr(self, name, room(calls))
