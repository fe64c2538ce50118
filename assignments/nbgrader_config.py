"""What nbgrader needs to know about this course; `d2lres assignments` reads it, too."""

c = get_config()  # noqa: F821  (nbgrader and traitlets put it there)

c.CourseDirectory.course_id = "residual-networks"
c.ClearSolutions.code_stub = {
    "python": "# YOUR CODE HERE, instead of the next line\n"
    'raise NotImplementedError("No answer yet: replace this line with your code.")'
}
c.ClearSolutions.text_stub = "*Write your answer here, instead of this line.*"
