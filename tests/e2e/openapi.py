# SPDX-License-Identifier: BSD-3-Clause
"""Reads the openapi.json of a node or an origin and checks answers against it."""
import json

import jsonschema

METHODS = ('get', 'put', 'post', 'delete')


class Description:
    def __init__(self, text):
        self.doc = json.loads(text)
        self._resolver = jsonschema.RefResolver('', self.doc)
        self.operations = {}  # operationId → (METHOD, path, operation object)
        for path, item in self.doc['paths'].items():
            for method in METHODS:
                if method in item:
                    said = item[method]
                    assert said['operationId'] not in self.operations, said['operationId']
                    self.operations[said['operationId']] = (method.upper(), path, said)

    def follow(self, said):
        while '$ref' in said:
            said = self._resolver.resolve(said['$ref'])[1]
        return said

    def schema(self, name):
        return {'$ref': f'#/components/schemas/{name}'}

    def faults(self, value, schema):
        """The value's violations of the schema, as texts."""
        validator = jsonschema.Draft202012Validator(schema, resolver=self._resolver)
        return [f'{"/".join(map(str, fault.absolute_path))}: {fault.message}' for fault in validator.iter_errors(value)]

    def responses(self, operation):
        """{status: response object}; a status is text, or 'default'."""
        return {status: self.follow(said) for status, said in self.operations[operation][2]['responses'].items()}

    def is_for_the_owner(self, operation):
        return 'security' in self.operations[operation][2]

    def check(self, operation, answer):
        """Fails the test unless the answer's status, headers, content type and body are as described."""
        said = self.responses(operation).get(str(answer.status))
        where = f'{operation}: {answer.status} {answer.body[:300]!r}'
        assert said, f'{where}: this status is not in openapi.json'
        for name, header in said.get('headers', {}).items():
            assert name in answer.headers or not header.get('required'), f'{where}: no header {name}'
        content = said.get('content')
        if not content:
            return
        kind = answer.headers.get_content_type()
        assert kind in content or '*/*' in content, f'{where}: {kind} is not in openapi.json'
        schema = content.get(kind, {}).get('schema')
        if schema:
            assert not (faults := self.faults(answer.raw_json, schema)), f'{where}: {faults}'
