"""Keys, tokens and configurations of the programs that are compared: everybody gets the same job."""
import base64
import json
import os
import shutil
import subprocess
import time

from product import free_port

ISSUER, AUDIENCE = "https://issuer.bench/", "bench"
TOKENS, TENANTS = 64, 20


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Material:
    """One RSA key, its key set, and tokens of many tenants' users."""

    def __init__(self, folder):
        self.folder = folder
        key = self.path("key.pem")
        run = lambda *command, **options: subprocess.run(command, check=True, capture_output=True, **options).stdout
        run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
        run("openssl", "pkey", "-in", key, "-pubout", "-out", self.path("public.pem"))
        modulus = run("openssl", "rsa", "-in", key, "-modulus", "-noout").decode().strip().split("=")[1]
        jwk = {"kty": "RSA", "kid": "k1", "alg": "RS256", "use": "sig", "n": b64(bytes.fromhex(modulus)), "e": "AQAB"}
        self.write("jwks.json", json.dumps({"keys": [jwk]}))
        now, tokens = int(time.time()), []
        for index in range(TOKENS):
            claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": f"user-{index}", "iat": now, "exp": now + 7200,
                      "jti": f"token-{index:08d}", "tenantId": f"tenant-{index % TENANTS:02d}", "role": "user"}
            head = b64(b'{"alg":"RS256","typ":"JWT","kid":"k1"}') + "." + b64(json.dumps(claims).encode())
            tokens.append(head + "." + b64(run("openssl", "dgst", "-sha256", "-sign", key, input=head.encode())))
        self.tokens = tokens
        self.write("tokens", "\n".join(tokens) + "\n")
        # Each request another token: what a gateway remembers of the last caller does not help.
        self.write("wrk.lua", f"""
local requests, turn = {{}}, 0
function init(args)
  for token in io.lines("{self.path('tokens')}") do
    requests[#requests + 1] = wrk.format("GET", "/api/v1/orders?limit=50", {{
      ["Authorization"] = "Bearer " .. token, ["Accept"] = "application/json",
      ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", ["Accept-Encoding"] = "gzip, br"}})
  end
end
function request() turn = turn % #requests + 1 return requests[turn] end
""")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)


def upstream(material, port):
    """nginx that answers a kilobyte of JSON."""
    orders = ",".join(f'{{"id":"{index:032d}","symbol":"IBM","side":"buy","qty":"10","price":"187.25"}}'
                      for index in range(12))
    return ["nginx", "-c", material.write("upstream.conf", f"""
daemon off; worker_processes 1; pid {material.path('upstream.pid')}; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 300s;
  server {{ listen 127.0.0.1:{port}; default_type application/json;
    location / {{ return 200 '{{"orders":[{orders}]}}'; }} }} }}
""")]


def breakwater(material, binary, port, backend, interval="1s"):
    """The full job: token, tenant, limits, ids, JSON access line, proxy; alert rules every `interval` beside it."""
    config = material.write("breakwater.yaml", f"""
environment: bench
server: {{ listen: "127.0.0.1:{port}", ops: "127.0.0.1:{free_port()}", loops: 1 }}
dataDir: {material.path(f'state-{port}')}
auth: {{ issuer: "{ISSUER}", audience: "{AUDIENCE}", jwks: {material.path('jwks.json')} }}
upstreams: {{ backend: {{ url: "http://127.0.0.1:{backend}" }} }}
routes: [ {{ path: /api/v1, upstream: backend, roles: [user] }} ]
limits:
  tenant: {{ rate: 1000000/1s, burst: 1000000 }}
  user: {{ rate: 1000000/1s, burst: 1000000 }}
  ip: {{ rate: 1000000/1s, burst: 1000000 }}
logs: {{ stdout: false }}
runtime: {{ enabled: false }}
alerting: {{ interval: {interval} }}
""")
    return [binary, "serve", "--config", config]


def nginx_proxy(material, port, backend):
    """A keep-alive proxy with a request id and a JSON access line; no token, no limit."""
    return ["nginx", "-c", material.write("proxy.conf", f"""
daemon off; worker_processes 1; pid {material.path('proxy.pid')}; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  log_format line escape=json '{{"ts":"$time_iso8601","request_id":"$request_id","method":"$request_method",'
    '"path":"$uri","status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,"peer":"$remote_addr"}}';
  access_log {material.path('proxy.log')} line buffer=128k flush=1s;
  keepalive_requests 1000000000; keepalive_timeout 300s;
  upstream backend {{ server 127.0.0.1:{backend}; keepalive 256; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port};
    location / {{ proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Request-ID $request_id; add_header X-Request-ID $request_id; }} }} }}
""")]


def haproxy(material, port, backend):
    """The full job as HAProxy can do it."""
    return ["haproxy", "-db", "-f", material.write("haproxy.cfg", f"""
global
  nbthread 1
  maxconn 9000
  log stdout len 4096 format raw local0
defaults
  mode http
  log global
  timeout connect 5s
  timeout client 300s
  timeout server 60s
backend tenants
  stick-table type string len 64 size 100k expire 60s store http_req_rate(10s)
frontend public
  bind 127.0.0.1:{port}
  unique-id-format %[uuid()]
  log-format '{{"ts":"%tr","request_id":"%ID","tenant":"%[var(txn.tenant)]","method":"%HM","path":"%HP","status":%ST,"bytes":%B,"ms":%Ta}}'
  http-request set-var(txn.token) http_auth_bearer
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_header_query('$.alg') -m str RS256 }}
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_verify("RS256","{material.path('public.pem')}") 1 }}
  http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_payload_query('$.iss') -m str {ISSUER} }}
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_payload_query('$.aud') -m str {AUDIENCE} }}
  http-request set-var(txn.tenant) var(txn.token),jwt_payload_query('$.tenantId')
  http-request deny deny_status 403 unless {{ var(txn.tenant) -m found }}
  http-request track-sc0 var(txn.tenant) table tenants
  http-request deny deny_status 429 if {{ sc_http_req_rate(0,tenants) gt 1000000000 }}
  http-request set-header X-Tenant-Id %[var(txn.tenant)]
  http-request set-header X-Request-ID %[unique-id]
  http-response set-header X-Request-ID %[unique-id]
  default_backend upstream
backend upstream
  http-reuse always
  server one 127.0.0.1:{backend} pool-max-conn 1000 pool-purge-delay 60s
""")]


def installed(name):
    return shutil.which(name) is not None
