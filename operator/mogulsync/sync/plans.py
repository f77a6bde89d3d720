"""Plans: names and external ids of those that a customer is subscribed to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from mogulsync.chartmogul.models import Customer, Plan, Subscription
from mogulsync.sync.fields import PlanTexts

_SEPARATOR: Final = ", "


class PlanCatalog:
    """The account's plans by name: subscriptions carry nothing else of them."""

    def __init__(self, plans: Iterable[Plan] = ()) -> None:
        self._by_name: defaultdict[str, list[Plan]] = defaultdict(list)
        for plan in plans:
            if plan.name:
                self._by_name[plan.name].append(plan)

    def texts(self, customer: Customer, subscriptions: Iterable[Subscription]) -> PlanTexts:
        """Return names and external ids of the active subscriptions' plans, each sorted and joined."""
        active = [subscription for subscription in subscriptions if subscription.active and subscription.plan]
        plans = [plan for subscription in active for plan in self._resolve(customer, subscription)]
        return PlanTexts(
            names=_joined(subscription.plan for subscription in active),
            external_ids=_joined(plan.external_id for plan in plans),
        )

    def _resolve(self, customer: Customer, subscription: Subscription) -> Sequence[Plan]:
        """Return the plans of that name, data source and interval, else those of the customer's data sources."""
        named = self._by_name.get(subscription.plan or "", [])
        own_source = subscription.data_source_uuid
        sources = (own_source,) if own_source else customer.data_source_uuids
        exact = [
            plan
            for plan in named
            if plan.data_source_uuid in sources
            and plan.interval_unit == subscription.billing_cycle
            and plan.interval_count == subscription.billing_cycle_count
        ]
        return exact or [plan for plan in named if plan.data_source_uuid in customer.data_source_uuids]


def _joined(texts: Iterable[str | None]) -> str | None:
    """Return distinct texts in the order of their code points, joined; None when there is none."""
    stripped = {text.strip() for text in texts if text}
    return _SEPARATOR.join(sorted(stripped - {""})) or None
