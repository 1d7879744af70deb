"""The definition that the tests of this folder ask."""

CRM = """
service: rest
hosts: [https://crm.example.com]
latency: 80ms
routes:
  GET /customers/{id}:
    reply:
      headers: {X-Customer: "{{ path.id }}"}
      json: {id: "{{ path.id }}", name: "{{ session.vars.name }}", turn: "{{ turn }}"}
    latency: {uniform: [10ms, 20ms]}
  GET /search:
    reply: {json: {q: "{{ query.q }}", page: "{{ query.page | default('1') | int }}"}}
  GET /whoami:
    reply:
      text: "{{ headers.Authorization }} {{ headers.x_tenant }} {{ headers['X-TENANT'] }} {{ now }}"
  POST /echo: {reply: {json: "{{ body }}"}}
  POST /quiet: {reply: {status: 204, json: {gone: true}}}
  POST /ping: {reply: {text: pong, headers: {Content-Type: text/x-pong}}}
  POST /empty: {reply: {status: 202}}
  PUT /unsafe: {reply: {text: ok, headers: {X-Note: "{{ body.note }}"}}}
  POST /tickets:
    effect:
      name: ticket
      key: [body.customer, body.summary]
      data: {id: "{{ reply.id }}", by: "{{ session.id }}"}
      idempotency: Idempotency-Key
    replies:
      - {if: "session.vars.blocked", status: 403, json: {error: blocked}}
      - {if: "body.summary == 'twice'", status: 409, json: {error: duplicate}}
      - {if: "body.customer", status: 201, json: {id: "T-{{ body | digest(6) }}"}}
"""
