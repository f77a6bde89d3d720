"""Plans: names, external ids and billing cycles of those that a customer is subscribed to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from mogulsync.chartmogul.models import Customer, Plan, Subscription
from mogulsync.sync.fields import PlanTexts, joined


class PlanCatalog:
    """The account's plans by name: subscriptions carry nothing else of them."""

    def __init__(self, plans: Iterable[Plan] = ()) -> None:
        self._by_name: defaultdict[str, list[Plan]] = defaultdict(list)
        for plan in plans:
            if plan.name:
                self._by_name[plan.name].append(plan)

    def texts(self, customer: Customer, subscriptions: Iterable[Subscription]) -> PlanTexts:
        """Return what the active subscriptions are of, each list sorted and joined."""
        active = [subscription for subscription in subscriptions if subscription.active]
        plans = [plan for subscription in active for plan in self._resolve(customer, subscription)]
        return PlanTexts(
            names=joined(subscription.plan for subscription in active),
            external_ids=joined(plan.external_id for plan in plans),
            billing_cycles=joined(map(_billing_cycle, active)),
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


def _billing_cycle(subscription: Subscription) -> str | None:
    """Return how often the subscription is billed, such as `month` or `3 months`."""
    unit, count = subscription.billing_cycle, subscription.billing_cycle_count
    return unit if unit is None or count is None or count == 1 else f"{count} {unit}s"
