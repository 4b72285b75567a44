"""Metadata, reading a Bundle, validating, unknown paths and methods; in JSON and XML."""

from pathlib import Path

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from adapter import __version__
from adapter.fhir import json, xml
from adapter.fhir.canonical import CANONICAL
from adapter.support.errors import DefinitionsError, ForbiddenError

PACKAGE = Path(__file__).parents[3] / "profiles" / "package"
BUNDLE = {"resourceType": "Bundle", "id": "b-1", "type": "message"}


@pytest.fixture
def stranger(site):
    return site.bare


def _supported(statement):
    (messaging,) = statement["messaging"]
    return {(each["mode"], each["definition"]) for each in messaging["supportedMessage"]}


def _rest(statement):
    (rest,) = statement["rest"]
    resources = {
        (
            each["type"],
            *(one["code"] for one in each["interaction"]),
            *(one["name"] for one in each.get("searchParam", [])),
        )
        for each in rest["resource"]
    }
    return {(*sorted(each),) for each in resources}, {each["definition"] for each in rest["operation"]}


class TestMetadata:
    def test_is_a_capability_statement_open_to_all(self, stranger):
        response = stranger.get("/fhir/metadata")
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/fhir+json; charset=utf-8"
        statement = CapabilityStatement.model_validate(response.json())
        assert (statement.fhirVersion, statement.kind, statement.software.version) == ("4.0.1", "instance", __version__)

    def test_is_the_same_in_xml(self, stranger):
        response = stranger.get("/fhir/metadata?_format=xml")
        assert xml.parse(response.content) == stranger.get("/fhir/metadata").json()

    def test_promises_only_what_is_answered(self, site, stranger):
        statement = stranger.get("/fhir/metadata").json()
        (rest,) = statement["rest"]
        bundle, *kept, subscription = rest["resource"][:5]
        definitions = rest["resource"][5:]
        assert (bundle["type"], bundle["interaction"]) == ("Bundle", [{"code": "read"}])
        assert [each["type"] for each in kept] == ["Task", "Encounter", "CarePlan"]
        assert subscription["type"] == "Subscription"
        for each in definitions:
            assert [one["code"] for one in each["interaction"]] == ["read", "search-type"]
            found = stranger.get(f"/fhir/{each['type']}")
            assert (found.status_code, found.json()["type"]) == (200, "searchset")
        assert {operation["name"] for operation in rest["operation"]} == {"process-message", "validate"}
        for media_type in statement["format"]:
            assert stranger.get("/fhir/metadata", headers={"Accept": media_type}).status_code == 200
            assert site.post(body=b"x", media_type=media_type).status_code == 200

    def test_names_where_messages_go(self, site, stranger):
        (messaging,) = stranger.get("/fhir/metadata").json()["messaging"]
        assert messaging["endpoint"][0]["address"] == f"{site.server.url}/fhir/$process-message"

    def test_says_what_the_packages_statement_of_the_adapter_says(self, stranger):
        statement = stranger.get("/fhir/metadata").json()
        (canonical,) = statement["instantiates"]
        promised = json.parse((PACKAGE / f"CapabilityStatement-{canonical.rpartition('/')[2]}.json").read_bytes())
        assert promised["url"] == canonical
        assert _supported(statement) == _supported(promised)
        assert _rest(statement) == _rest(promised)

    @pytest.mark.parametrize("host", ['evil"><script>', "a b", "x/y", "", "[::::"])
    def test_a_host_that_is_none_is_not_repeated(self, site, stranger, host):
        response = stranger.get("/fhir/metadata", headers={"Host": host})
        assert response.status_code == 200
        assert response.json()["implementation"]["url"] == f"{site.server.url}/fhir"

    def test_is_406_in_a_format_that_we_cannot_write(self, stranger, issue_of):
        response = stranger.get("/fhir/metadata?_format=turtle")
        assert (response.status_code, issue_of(response)["code"]) == (406, "not-supported")


class TestDefinitions:
    def test_one_is_read_in_both_formats_by_anyone(self, stranger):
        found = stranger.get("/fhir/CodeSystem/kept")
        assert (found.status_code, found.json()["version"]) == (200, "1.1.0")
        assert xml.parse(stranger.get("/fhir/CodeSystem/kept?_format=xml").content) == found.json()

    def test_of_two_versions_the_one_that_counts_is_read_and_both_are_found(self, stranger):
        assert stranger.get("/fhir/ValueSet/kept").json()["version"] == "1.1.0"
        found = stranger.get("/fhir/ValueSet?_id=kept").json()
        assert [entry["resource"]["version"] for entry in found["entry"]] == ["1.1.0", "1.0.0"]
        assert len({entry["fullUrl"] for entry in found["entry"]}) == 2

    @pytest.mark.parametrize(
        ("query", "versions"),
        [
            (f"url={CANONICAL}/ValueSet/kept", ["1.1.0", "1.0.0"]),
            (f"url={CANONICAL}/ValueSet/kept%7C1.0.0", ["1.0.0"]),
            (f"url={CANONICAL}/ValueSet/kept&version=1.1.0", ["1.1.0"]),
            (f"url={CANONICAL}/ValueSet/none", []),
            ("_id=kept,codes-3", ["1.0.0", "1.1.0", "1.0.0"]),
        ],
    )
    def test_search(self, stranger, query, versions):
        found = stranger.get(f"/fhir/ValueSet?{query}").json()
        assert [entry["resource"]["version"] for entry in found.get("entry", [])] == versions
        assert found["total"] == len(versions)

    def test_comes_in_pages_that_lead_to_all(self, site, stranger):
        found, url = [], "/fhir/ValueSet?_count=10"
        while url:
            page = stranger.get(url).json()
            found += [entry["resource"]["id"] for entry in page["entry"]]
            links = {link["relation"]: link["url"] for link in page["link"]}
            url = links.get("next", "").removeprefix(site.server.url)
        assert len(found) == 27
        assert set(found) == {"kept", *(f"codes-{number}" for number in range(25))}

    def test_definitions_of_others_are_not_ours_to_serve(self, stranger, issue_of):
        response = stranger.get("/fhir/ValueSet/theirs")
        assert (response.status_code, issue_of(response)["code"]) == (404, "not-found")

    @pytest.mark.parametrize("query", ["name=kept", "_count=many", "_offset=-1", "_count=1234567"])
    def test_a_parameter_that_we_do_not_know_is_refused(self, stranger, query):
        assert stranger.get(f"/fhir/ValueSet?{query}").status_code == 400


class TestBundle:
    def test_is_shown_to_its_party_in_both_formats(self, site):
        site.views.bundles["region", "b-1"] = BUNDLE
        assert site.client.get("/fhir/Bundle/b-1").json() == BUNDLE
        answer = site.client.get("/fhir/Bundle/b-1", headers={"Accept": "application/fhir+xml"})
        assert xml.parse(answer.content) == BUNDLE

    def test_of_another_party_and_none_at_all_are_the_same_404(self, site, issue_of):
        site.views.bundles["kommun", "b-1"] = BUNDLE
        answers = [site.client.get(f"/fhir/Bundle/{bundle_id}") for bundle_id in ("b-1", "b-2")]
        assert {answer.status_code for answer in answers} == {404}
        assert len({issue_of(answer)["details"]["text"] for answer in answers}) == 1

    def test_needs_a_token(self, stranger, issue_of):
        response = stranger.get("/fhir/Bundle/b-1")
        assert (response.status_code, issue_of(response)["code"]) == (401, "login")
        assert response.headers["www-authenticate"].startswith("Bearer")

    def test_a_right_that_is_missing_is_403(self, site, monkeypatch, issue_of):
        def refuse(*_):
            raise ForbiddenError("this needs the right 'content'")

        monkeypatch.setattr(site.views, "disclosed_bundle", refuse)
        response = site.client.get("/fhir/Bundle/b-1")
        assert (response.status_code, issue_of(response)["code"]) == (403, "forbidden")

    def test_keeps_numbers_as_they_were_written(self, site):
        site.views.bundles["region", "b-1"] = json.parse(b'{"resourceType":"Bundle","total":1.50e3}')
        assert b"1.50e3" in site.client.get("/fhir/Bundle/b-1").content


class TestValidate:
    def test_a_verdict_is_200_whether_good_or_bad(self, site):
        good = site.post("/fhir/$validate", b'{"resourceType":"Task","status":"requested"}')
        bad = site.post("/fhir/$validate?profile=http://p", b'{"resourceType":"Task"}')
        assert (good.status_code, bad.status_code) == (200, 200)
        assert good.json()["issue"][0]["severity"] == "information"
        assert bad.json()["issue"][0]["severity"] == "error"
        assert "http://p" in bad.json()["issue"][0]["diagnostics"]

    def test_xml_in_and_out(self, site):
        response = site.post("/fhir/$validate", b'<Task xmlns="http://hl7.org/fhir"/>', "application/fhir+xml")
        assert response.headers["content-type"] == "application/fhir+xml; charset=utf-8"
        assert xml.parse(response.content)["issue"][0]["code"] == "required"

    def test_parameters_carry_resource_and_profile(self, site):
        parameters = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "resource", "resource": {"resourceType": "Task"}},
                {"name": "profile", "valueUri": "http://named"},
            ],
        }
        response = site.post("/fhir/Task/$validate", json.serialize(parameters))
        assert "http://named" in response.json()["issue"][0]["diagnostics"]

    def test_profiles_of_query_and_parameters_all_count(self, site):
        profile = {"name": "profile", "valueCanonical": "http://two"}
        resource = {"name": "resource", "resource": {"resourceType": "Task"}}
        body = json.serialize({"resourceType": "Parameters", "parameter": [profile, resource]})
        response = site.post("/fhir/$validate?profile=http://one", body)
        assert "('http://one', 'http://two')" in response.json()["issue"][0]["diagnostics"]

    @pytest.mark.parametrize("inside", [True, False])
    def test_mode_create_says_that_nothing_is_created(self, site, inside):
        task = {"resourceType": "Task", "status": "requested"}
        given = [{"name": "resource", "resource": task}, {"name": "mode", "valueCode": "create"}]
        body = json.serialize({"resourceType": "Parameters", "parameter": given} if inside else task)
        response = site.post("/fhir/Task/$validate" + ("" if inside else "?mode=create"), body)
        assert response.status_code == 200
        (issue,) = response.json()["issue"]
        assert (issue["severity"], issue["code"]) == ("information", "not-supported")

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("mode=update", "not-supported"),
            ("mode=delete", "not-supported"),
            ("mode=profile", "not-supported"),
            ("mode=other", "invalid"),
            ("mode=create&mode=create", "not-supported"),
            ("profil=http://p", "invalid"),
            ("&".join(["profile=http://p"] * 11), "invalid"),
        ],
    )
    def test_what_is_asked_beyond_that_is_400(self, site, issue_of, query, code):
        response = site.post(f"/fhir/$validate?{query}", b'{"resourceType":"Task"}')
        assert (response.status_code, issue_of(response)["code"]) == (400, code)

    def test_two_resources_are_one_too_many(self, site, issue_of):
        given = [{"name": "resource", "resource": {"resourceType": "Task"}}] * 2
        response = site.post("/fhir/$validate", json.serialize({"resourceType": "Parameters", "parameter": given}))
        assert (response.status_code, "more than once" in issue_of(response)["diagnostics"]) == (400, True)

    def test_a_message_is_held_against_the_message_rules_too(self, site):
        response = site.post("/fhir/Bundle/$validate", b'{"resourceType":"Bundle","type":"message","status":"x"}')
        rules = {issue["details"]["coding"][0]["code"] for issue in response.json()["issue"]}
        assert {"msg-bundle-id", "msg-timestamp", "msg-entry"} <= rules

    def test_what_cannot_be_read_has_one_rule(self, site, issue_of):
        for body, media_type in ((b"{", "application/fhir+json"), (b"<a", "application/fhir+xml")):
            response = site.post("/fhir/$validate", body, media_type, Accept="application/fhir+json")
            assert issue_of(response)["details"]["coding"][0]["code"] == "not-readable"

    @pytest.mark.parametrize(
        ("path", "body", "words"),
        [
            ("/fhir/Patient/$validate", b'{"resourceType":"Task"}', "not of the type"),
            ("/fhir/$validate", b'{"resourceType":"Parameters"}', "nothing to validate"),
            ("/fhir/$validate", b'{"resourceType":"Parameters","parameter":{}}', "nothing to validate"),
            ("/fhir/$validate", b'{"resourceType":"Parameters","parameter":[{"name":"mode"}]}', "mode"),
            ("/fhir/$validate", b'{"resourceType":"Parameters","parameter":[7]}', "expected the parameters"),
            ("/fhir/$validate", b'{"resourceType":"Task",', ""),
            ("/fhir/$validate", b'{"resourceType":"Task","x":NaN}', ""),
            ("/fhir/$validate", b"", ""),
            ("/fhir/$validate", b"[]", ""),
        ],
    )
    def test_what_cannot_be_judged_is_400(self, site, issue_of, path, body, words):
        response = site.post(path, body)
        assert response.status_code == 400
        assert words in issue_of(response)["details"]["text"]

    def test_hostile_xml_is_400(self, site, issue_of):
        body = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Task xmlns="http://hl7.org/fhir">&e;</Task>'
        response = site.post("/fhir/$validate", body, "application/fhir+xml", Accept="application/fhir+json")
        assert response.status_code == 400
        assert "root:" not in response.text
        assert issue_of(response)["code"] == "structure"

    def test_refusals_at_the_door(self, site, stranger):
        assert stranger.post("/fhir/$validate", content=b"{}").status_code == 401
        assert site.post("/fhir/$validate", media_type="text/plain").status_code == 415
        assert site.post("/fhir/$validate", b"x" * 5000).status_code == 413
        assert site.post("/fhir/$validate", Accept="text/html").status_code == 406
        assert site.exchange.refused == []  # no message was sent: nothing is kept

    def test_definitions_that_are_missing_are_a_fault_of_ours(self, site, monkeypatch, issue_of):
        def fail(*_, **__):
            raise DefinitionsError("package missing at /secret/path")

        monkeypatch.setattr(site.adapter.validator, "validate", fail)
        response = site.post("/fhir/$validate", b'{"resourceType":"Task"}')
        assert (response.status_code, issue_of(response)["code"]) == (500, "exception")
        assert "/secret/path" not in response.text


class TestPathsAndMethods:
    @pytest.mark.parametrize("path", ["/fhir", "/fhir/", "/fhir/Patient/189001019802", "/fhir/$nothing", "/fhir/a/b/c"])
    def test_an_unknown_path_is_404_in_the_format_asked_for(self, site, issue_of, path):
        response = site.client.get(path)
        assert (response.status_code, issue_of(response)["code"]) == (404, "not-found")
        assert "1890" not in response.text
        response = site.client.get(path, headers={"Accept": "application/fhir+xml"})
        assert xml.parse(response.content)["issue"][0]["code"] == "not-found"

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("GET", "/fhir/$process-message", "POST"),
            ("DELETE", "/fhir/Bundle/b-1", "GET"),
            ("POST", "/fhir/metadata", "GET"),
            ("PUT", "/fhir/$validate", "POST"),
        ],
    )
    def test_a_wrong_method_is_405_and_names_the_right_one(self, site, issue_of, method, path, allowed):
        response = site.client.request(method, path)
        assert (response.status_code, issue_of(response)["code"]) == (405, "not-supported")
        assert response.headers["allow"] == allowed
        response = site.client.request(method, path, headers={"Accept": "application/fhir+xml"})
        assert xml.parse(response.content)["resourceType"] == "OperationOutcome"

    def test_head_is_get_without_body(self, stranger):
        whole, head = stranger.get("/fhir/metadata"), stranger.head("/fhir/metadata")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == whole.headers["content-length"]
        assert stranger.head("/fhir/nothing").status_code == 404

    def test_options_says_what_is_allowed_and_nothing_to_other_origins(self, stranger):
        response = stranger.options("/fhir/$process-message", headers={"Origin": "https://elsewhere.example"})
        assert (response.status_code, response.headers["allow"]) == (204, "POST, OPTIONS")
        assert not any(name.startswith("access-control") for name in response.headers)
        assert stranger.options("/fhir/nothing").status_code == 404

    def test_an_unknown_path_elsewhere_is_one_line_for_a_person(self, stranger):
        response = stranger.get("/nothing")
        assert response.status_code == 404
        assert response.headers["content-type"].startswith("text/plain")
