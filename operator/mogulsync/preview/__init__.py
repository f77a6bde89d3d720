"""What a dry run found, for people to look at. It holds personal data and stays on the person's machine.

| module    | for                                                            |
| --------- | -------------------------------------------------------------- |
| `rows`    | a row for each matched pair, each other customer, each clear    |
| `table`   | the rows as CSV                                                 |
| `page`    | the rows as one HTML page, which works offline                  |
| `files`   | files that their owner alone can read, never overwritten        |
"""
