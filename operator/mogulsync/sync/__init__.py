"""One sync: the pure core, and the run that strings it together.

    fields          what each source says of a customer
    netpayments     what customers paid, from invoices
    plans           names and external ids of the plans subscribed to
    matching        which contacts take their data from which customers
    differences     what would have to be written to a contact
    attributes      which of the workspace's attributes can be used, and which to create
    readplan        whether to list all contacts or to search for keys
    guard           whether a run would change more than it may
    accounting      the counts that always add up, and the report

All of these are functions of values. I/O comes in with the rest: `reading` (ChartMogul), `creation`
(attributes), `contacts` (Intercom's contacts by the read plan), `writing`, and `run` and `check`, which use them all.
"""
