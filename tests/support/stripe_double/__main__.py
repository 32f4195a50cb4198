"""Start the double: prints its address, then serves until it is stopped."""

import argparse

from tests.support.stripe_double.server import make_server


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.stripe_double", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--key", default="sk_test_double", help="the account's secret key")
    parser.add_argument("--webhook", default="", help="where events go, such as http://127.0.0.1:8000/webhooks/stripe")
    parser.add_argument("--issuing", default="", help="where Issuing's go; default: the same with /issuing")
    parser.add_argument("--secret", default="whsec_double", help="what events are signed with")
    options = parser.parse_args()
    issuing = options.issuing or (options.webhook and f"{options.webhook}/issuing")
    server = make_server(
        port=options.port, key=options.key, webhook=options.webhook, secret=options.secret, issuing=issuing
    )
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
