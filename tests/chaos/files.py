"""The files of a site: settings, and a directory with three receivers."""

TOML = """
environment = "test"
[server]
port = {port}
[database]
url = "{url}"
[security]
pseudonym_keys = [{{ id = "k1", file = "pseudonym.key" }}]
[delivery]
schedule = ["100ms", "300ms"]
poll = "50ms"
probe_interval = "200ms"
lease = "1s"
quick_retries = 0
escalate_after = "{escalate_after}"
[logging]
level = "warning"
"""
DIRECTORY = """
parties:
  - {{id: region, kind: region, name: Region Västerbotten}}
  - {{id: kommun, kind: municipality, name: Skellefteå kommun, kommunkod: "2482"}}
  - {{id: drift, kind: operator, name: Lifecare i Västerbotten}}
units:
  - {{hsa: SE2321000222-E7A31, name: Medicin 3, kind: inpatient, party: region}}
  - {{hsa: SE2321000222-HC2074, name: Solgården, kind: open-care, party: region}}
  - {{hsa: SE2120002643-MOTT01, name: Mottagande enhet, kind: municipal-receiving, party: kommun}}
systems:
  - {{id: ehr, kind: ehr, party: region}}
  - {{id: open-care, kind: ehr, party: region}}
  - {{id: lifecare, kind: planning-tool, party: drift, carries: [kommun]}}
endpoints:
  - {{id: ehr, system: ehr, channel: fhir, address: "{receivers}/ehr/$process-message", timeout: 2s}}
  - {{id: open-care, system: open-care, channel: fhir, address: "{receivers}/open-care/$process-message",
     timeout: 2s}}
  - {{id: lifecare, system: lifecare, channel: xml-http, address: "{receivers}/lifecare",
     mapping: lifecare, timeout: 2s}}
{endpoints}{inboxes}routes:
  - {{to: {{hsa: SE2321000222-E7A31}}, endpoint: ehr}}
  - {{to: {{hsa: SE2321000222-HC2074}}, endpoint: open-care}}
  - {{to: {{party: kommun}}, endpoint: lifecare}}
"""
INBOXES = """inboxes:
  - {id: files, system: ehr, path: inbox, every: 100ms, settled: 0s}
"""
