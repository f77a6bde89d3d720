"""Which requests go by the proxy that the environment names."""

import pytest

from mogulsync.kube.proxies import proxy_from_environment

_PROXY = "http://proxy.example.com:3128"
_API = "https://10.96.0.1:443"


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        (_API, {}, None),
        (_API, {"HTTPS_PROXY": _PROXY}, _PROXY),
        (_API, {"https_proxy": _PROXY}, _PROXY),
        (_API, {"HTTPS_PROXY": "", "https_proxy": _PROXY}, _PROXY),
        (_API, {"HTTPS_PROXY": "proxy.example.com:3128"}, _PROXY),
        (_API, {"HTTP_PROXY": _PROXY}, None),
        ("http://127.0.0.1:8001", {"HTTP_PROXY": _PROXY}, _PROXY),
    ],
)
def test_the_proxy_is_the_one_of_the_urls_scheme(url: str, environ: dict[str, str], expected: str | None) -> None:
    assert proxy_from_environment(url, environ) == expected


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("*", _API, True),
        ("10.96.0.1", _API, True),
        ("10.96.0.1:443", _API, True),
        ("10.96.0.1:6443", _API, False),
        ("10.0.0.0/8", _API, True),
        (" 172.16.0.0/12 , 10.0.0.0/8", _API, True),
        ("172.16.0.0/12", _API, False),
        ("10.0.0.0/x", _API, False),
        ("10.96.0.10", _API, False),
        (".svc", "https://kubernetes.default.svc", True),
        ("svc", "https://kubernetes.default.svc", True),
        ("*.svc", "https://kubernetes.default.svc", True),
        ("kubernetes.default.svc", "https://kubernetes.default.svc", True),
        ("Kubernetes.Default.SVC", "https://kubernetes.default.svc", True),
        ("default.svc:443", "https://kubernetes.default.svc", True),
        (".example.com", "https://example.com", False),
        ("ample.com", "https://example.com", False),
        ("fd00::/8", "https://[fd00::1]:6443", True),
        ("[fd00::1]:6443", "https://[fd00::1]:6443", True),
        ("fd00::1", "https://[fd00::1]:6443", True),
        ("", _API, False),
        (",,", _API, False),
    ],
)
def test_no_proxy_names_what_is_reached_directly(no_proxy: str, url: str, direct: bool) -> None:  # noqa: FBT001
    found = proxy_from_environment(url, {"HTTPS_PROXY": _PROXY, "NO_PROXY": no_proxy})
    assert found == (None if direct else _PROXY)
