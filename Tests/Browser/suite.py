"""A list of named checks, in the order they are written."""


class Suite(dict):
    def __call__(self, name):
        def add(function):
            self[name] = function
            return function

        return add
