"""One sync: the pure core, and the run that strings it together.

The core, functions of values:

    fields          what each source says of a customer
    netpayments     what customers paid, from invoices
    plans           names and external ids of the plans subscribed to
    customerstatus  what ChartMogul's statuses mean to a sync
    keys            by what customers and contacts meet
    matching        which contact takes its data from which customer
    differences     what would have to be written to a contact
    attributes      which of the workspace's attributes can be used, and which to create
    readplan        whether to list all contacts or to search for keys
    guard           whether a run would change more than it may
    accounting      the counts that always add up, and the report
    availability    single failures told apart from an API that is down
    failures        what ends a run early, and how its report words it
    progress        how far a run has come

And what it takes to run it:

    reading         ChartMogul: customers, invoices, plans, subscriptions
    contacts        Intercom's contacts, by the read plan
    comparison      matched contacts against their customers
    creation        attributes that are missing
    writing         contacts, many at once, read back
    stopping        until done or told to stop
    run, check      a sync, and the look whether one could do its work
"""
