"""One sync: the pure core, and the run that strings its stages together.

The core, without I/O and clock:

    fields            the value of each source for a customer
    customattributes  custom attributes of ChartMogul, by the type of their field
    netpayments       what customers paid, from invoices
    plans             names, external ids and billing cycles of the plans subscribed to
    keys              by what customers and contacts are matched
    matching          which contact takes its data from which customer
    differences       what has to be written to a contact, and what of it was stored
    attributes        which of the workspace's attributes can be used, and which to create
    readplan          whether to list all contacts or to search for keys
    guard             whether a run would change more than it may
    clearing          contacts that no customer matches and that hold values to clear
    statistics        counts that always add up
    reporting         how a run or a check ended, and the report of it
    failures          what ends a run early, and how its report words it
    circuit_breaker   ends a run when an API gives no answers any more
    progress          how far a run has come
    settings          every time and number that a sync keeps to

The stages of a run, in this order (`run` strings them together):

    reading           ChartMogul: customers, invoices, plans
    contacts          Intercom's contacts, by the read plan
    planning          matched contacts compared with their customers
    subscriptions     looked up for single customers while planning
    creation          attributes that are missing
    writing           contacts, many at once, read back

    observing         what a preview gets of a dry run
    check             whether a sync could do its work
"""
