"""The gate: whatever leaves is written down first, for each person it is about, in the transaction of what is done.

Here live the recipients, the closed schemas (the ONE definition of a body that leaves), the gate and its grants, the
exposure log, the base of platform views and the egress guard. May import consent, fields, the floor and the ground.
Invariants: no grant, no bytes; only the gate makes a grant; one disclosure a body and one exposure a person in it, in
one statement; a member about somebody else is null in your exposure and named in `withheld`; the log cannot be
written: nothing leaves (503).

A body that leaves::

    class PaymentRequestBody(ClosedSchema):
        id = PublicIdField("preq")
        amount = MoneyField()
        payee = PublicIdField("link")
        payer = PublicIdField("link", allow_null=True)
        note = StrictCharField(max_length=140, allow_null=True)

        class Meta:
            schema = "payment_request"
            members = {
                "id": Member(FieldClass.OBJECT_ID, about=("payee", "payer")),
                "amount": Member(FieldClass.PAYMENT_AMOUNT, about=("payee", "payer")),
                "payee": Member(FieldClass.LINK_HANDLE, about=("payee",)),
                "payer": Member(FieldClass.LINK_HANDLE, about=("payer",)),
                "note": Member(FieldClass.PAYMENT_NOTE, about=("payee", "payer")),
            }

    PaymentRequestPage = page_of(PaymentRequestBody, "payment_request_page")  # {"data": [at most 25], "next_cursor"}

A platform view: the handler runs in the transaction, raises refusals, returns an `Answer`; bodies may hold Money,
datetime and enums, every declared member is present (null where there is nothing)::

    class PaymentRequests(DisclosingView):
        scopes = {"GET": frozenset({"chat"}), "POST": frozenset({"chat"})}
        idempotent = True                                       # every POST needs its Idempotency-Key
        answers = {"GET": {200: PaymentRequestPage}, "POST": {201: PaymentRequestBody}}
        purpose, basis = Purpose.PAYMENT, Basis.CONSENT         # or pass basis= to one Answer

        def post(self, request: Request) -> Answer:
            made = create_payment_request(...)
            people = {"payee": made.payee_id, "payer": made.payer_id}
            return Answer(PaymentRequestBody, body_of(made), people, status=201)

        def get(self, request: Request) -> Answer:
            rows, cursor = self.page(requests_of(platform), request)
            body = {"data": [body_of(row) for row in rows], "next_cursor": cursor}
            return Answer(PaymentRequestPage, body, subjects_of_rows("/data", [people_of(row) for row in rows]))

Each role that a member is about is named in `subjects`; `None` where nobody known is behind it. Roles of list elements
are scoped by their pointer: `{"/shares/0#payer": "holder_…"}`. Nobody at all: `{}`, counted only.
A decision that refuses money is returned: `Answer(Problem, problem_body(...), {"person": holder_id}, status=402)`.

A webhook (works outside a request; each attempt is a disclosure of its own)::

    with transaction.atomic():
        grant = gate.disclose(
            recipient=recipients.get(RecipientKind.PLATFORM, platform.id), schema=EventBody, body=event,
            subjects={"payee": …}, purpose=Purpose.PAYMENT, basis=Basis.CONSENT, channel=Channel.WEBHOOK)
    post(endpoint, grant.body)

A room whose own SQL function writes the disclosure with everything else::

    prepared = gate.prepare(recipient=…, schema=…, body=…, subjects=…, purpose=…, basis=…, channel=…, now=snapshot.at)
    cursor.execute("SELECT cards_place(%s, %s)", [order, prepared.parameters])  # PERFORM exposure_disclose(p_body)
    gate.adopt(request, prepared.grant)
    return gate.respond(prepared.grant, status=200)

Once for each platform, merchant, network: `recipients.register(kind=RecipientKind.PLATFORM, ref=platform.id, name=…)`.
"""
