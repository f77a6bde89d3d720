"""Getting a credential from a person, and handing it on as a Secret's manifest.

| module        | for                                                            |
| ------------- | -------------------------------------------------------------- |
| `callback`    | the server that the person's browser is sent back to           |
| `certificate` | a certificate for it that lives as long as the login           |
| `secret`      | the Secret's manifest, and where it may be written             |
"""
