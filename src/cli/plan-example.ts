/** What `run --init` writes: a plan to begin with. */
export const PLAN_EXAMPLE = `# yaml-language-server: $schema=./node_modules/rawshake/schema/plan.schema.json
# A plan: tests of TCP ports. Run it with
#   sudo rawshake run plan.yaml
#   sudo rawshake run plan.yaml --var host=www.example.net --junit report.xml
# All keys are in docs/plans.md; an editor that knows the schema above checks them.

name: a web server

vars:                     # --var NAME=VALUE sets them
  host: 127.0.0.1
  port: 80

defaults:                 # for every test that does not say otherwise
  timeout: 20             # seconds, all steps of a test together
  connect:                # the options of rawshake connect, without the dashes
    host: \${host}
    port: \${port}
    timeout: 2

tests:
  - name: the port is open and closes as it should
    connect:

  - name: it answers a request, and closes first
    connect:
      data: 'GET / HTTP/1.0\\r\\n\\r\\n'
      close: passive
    expect:               # what must hold of the result: docs/expectations.md
      - verdict == open
      - data.receivedBytes > 0
      - close.finalState == CLOSED

  - name: an ACK out of nowhere is answered with RST
    rfc: 9293 3.10.7.2
    level: MUST
    send:
      host: \${host}
      port: \${port}
      flags: ACK
    expect: reason == rst

  - name: port \${closed} is closed
    matrix:               # a test for each value
      closed: [1, 7]
    connect: \${host}:\${closed}
    expect: verdict == closed
`;
