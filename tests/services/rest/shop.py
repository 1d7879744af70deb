"""A definition with stores, for the tests of this folder."""

SHOP = """
service: rest
stores:
  orders: {seed: "{{ session.vars.orders | default([]) }}", prefix: ord_}
  products: {key: sku, from: products.jsonl}
routes:
  GET /orders/{id}: {read: orders}
  POST /orders: {create: orders}
  PATCH /orders/{id}: {update: orders}
  PUT /orders/{id}: {replace: orders}
  DELETE /orders/{id}: {delete: orders}
  GET /orders: {list: orders, page: 2}
  GET /customers/{customer}/orders:
    list: orders
    paging: page
    where: {customer: "{{ path.customer }}", status: "{{ query.status | default(none) }}"}
  GET /customers/{customer}/orders/{id}:
    read: orders
    where: {customer: "{{ path.customer }}"}
  POST /orders/{id}/cancel:
    update: orders
    record: {status: cancelled, was: "{{ before.status }}"}
    effect: {name: cancel, key: path.id, data: {status: "{{ reply.status }}"}}
    replies:
      - if: before.status == 'shipped'
        status: 409
        json: {error: already_shipped}
      - json: {status: "{{ record.status }}", was: "{{ record.was }}"}
  POST /baskets:
    create: orders
    record: {customer: "{{ body.customer }}", status: new}
    effect: {name: order, key: [body.customer], idempotency: Idempotency-Key}
    reply: {json: {number: "{{ record.id }}"}}
  GET /products: {list: products, paging: offset, page: 1}
  POST /products: {create: products}
  GET /report:
    reply:
      json:
        orders: "{{ stores.orders | count }}"
        first: "{{ stores.orders['o-1'].status }}"
        skus: "{{ stores.products.keys() | list }}"
"""
PRODUCTS = '{"sku": "a", "name": "{{ not a template }}"}\n\n{"sku": 7}\n'
