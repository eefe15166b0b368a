"""All rooms of the client. Made by `make client`; not to be edited."""

from marketplace.client.calling import Calls
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
from marketplace.client.rooms.documents import Documents
from marketplace.client.rooms.duties import Duties
from marketplace.client.rooms.enrolments import Enrolments
from marketplace.client.rooms.experts import Experts
from marketplace.client.rooms.funds import Funds
from marketplace.client.rooms.grants import Grants
from marketplace.client.rooms.imports import Imports
from marketplace.client.rooms.licence_offers import LicenceOffers
from marketplace.client.rooms.licences import Licences
from marketplace.client.rooms.lots import Lots
from marketplace.client.rooms.mandates import Mandates
from marketplace.client.rooms.monitoring import Monitoring
from marketplace.client.rooms.organisations import Organisations
from marketplace.client.rooms.packages import Packages
from marketplace.client.rooms.plans import Plans
from marketplace.client.rooms.pledges import Pledges
from marketplace.client.rooms.recorded_routes import RecordedRoutes
from marketplace.client.rooms.remedies import Remedies
from marketplace.client.rooms.returns import Returns
from marketplace.client.rooms.sales import Sales
from marketplace.client.rooms.sealings import Sealings
from marketplace.client.rooms.sessions import Sessions
from marketplace.client.rooms.set_offs import SetOffs
from marketplace.client.rooms.statements import Statements
from marketplace.client.rooms.transfers import Transfers
from marketplace.client.rooms.valuations import Valuations
from marketplace.client.rooms.webhooks import Webhooks


class Rooms:
    """One attribute a room."""

    def __init__(self, calls: Calls) -> None:
        self.assets = Assets(calls)
        self.auctions = Auctions(calls)
        self.audit = Audit(calls)
        self.banking = Banking(calls)
        self.bidders = Bidders(calls)
        self.burdens = Burdens(calls)
        self.cases = Cases(calls)
        self.changes = Changes(calls)
        self.claim_ends = ClaimEnds(calls)
        self.claims = Claims(calls)
        self.collections = Collections(calls)
        self.conflicts = Conflicts(calls)
        self.consignments = Consignments(calls)
        self.diligence = Diligence(calls)
        self.documents = Documents(calls)
        self.duties = Duties(calls)
        self.enrolments = Enrolments(calls)
        self.experts = Experts(calls)
        self.funds = Funds(calls)
        self.grants = Grants(calls)
        self.imports = Imports(calls)
        self.licence_offers = LicenceOffers(calls)
        self.licences = Licences(calls)
        self.lots = Lots(calls)
        self.mandates = Mandates(calls)
        self.monitoring = Monitoring(calls)
        self.organisations = Organisations(calls)
        self.packages = Packages(calls)
        self.plans = Plans(calls)
        self.pledges = Pledges(calls)
        self.recorded_routes = RecordedRoutes(calls)
        self.remedies = Remedies(calls)
        self.returns = Returns(calls)
        self.sales = Sales(calls)
        self.sealings = Sealings(calls)
        self.sessions = Sessions(calls)
        self.set_offs = SetOffs(calls)
        self.statements = Statements(calls)
        self.transfers = Transfers(calls)
        self.valuations = Valuations(calls)
        self.webhooks = Webhooks(calls)
