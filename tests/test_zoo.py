"""The architectures as data."""

import pytest

from d2lres import ConfigError, architecture, architecture_names
from d2lres.arch import Conv, MaxPool


@pytest.mark.parametrize("name", architecture_names())
def test_the_number_in_the_name_is_the_number_of_weighted_layers(name):
    assert architecture(name).depth == int(name.removeprefix("resnet"))


@pytest.mark.parametrize(
    "name, depths, widths",
    [  # He et al. (2015), table 1
        ("resnet18", (2, 2, 2, 2), (64, 128, 256, 512)),
        ("resnet34", (3, 4, 6, 3), (64, 128, 256, 512)),
        ("resnet50", (3, 4, 6, 3), (256, 512, 1024, 2048)),
        ("resnet101", (3, 4, 23, 3), (256, 512, 1024, 2048)),
        ("resnet152", (3, 8, 36, 3), (256, 512, 1024, 2048)),
    ],
)
def test_depths_and_widths_are_the_papers(name, depths, widths):
    a = architecture(name)
    assert (a.depths, a.widths) == (depths, widths)


@pytest.mark.parametrize("name", architecture_names())
def test_only_the_first_block_of_a_stage_projects(name):
    """Section 3.4: the first stage of 18 and 34 keeps its shape; that of 50 and deeper widens."""
    bottlenecks = int(name.removeprefix("resnet")) >= 50
    for number, stage in enumerate(architecture(name).stages, 1):
        projects = [bool(block.shortcut) for block in stage]
        assert projects[0] == (number > 1 or bottlenecks)
        assert not any(projects[1:])


@pytest.mark.parametrize("name", architecture_names())
def test_v1_strides_in_the_first_convolution_of_stages_2_to_4(name):
    for number, stage in enumerate(architecture(name).stages, 1):
        for index, block in enumerate(stage):
            strides = [layer.strides for layer in block.branch if isinstance(layer, Conv)]
            assert strides[0] == (2 if number > 1 and index == 0 else 1)
            assert set(strides[1:]) == {1}


def test_the_head_has_as_many_units_as_classes():
    assert architecture("resnet18", classes=10).head[-1].units == 10


@pytest.mark.parametrize(
    "options, said",
    [
        ({"name": "resnet-18"}, "did you mean 'resnet18'"),
        ({"name": "resnet21"}, "Valid: resnet18, resnet34"),
        ({"name": "resnet18", "version": "v9"}, "version of resnet18 'v9'"),
        ({"name": "resnet18", "shortcut": "D"}, "shortcut of resnet18 'D'"),
        ({"name": "resnet18", "classes": 0}, "classes: 0; expected a whole number"),
        ({"name": "resnet18", "classes": 2.5}, "classes: 2.5; expected a whole number"),
    ],
)
def test_a_wrong_request_is_refused_with_what_is_valid(options, said):
    with pytest.raises(ConfigError) as caught:
        architecture(**options)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "make", [lambda: Conv(0), lambda: Conv(8, kernel=0), lambda: MaxPool(strides=-1)]
)
def test_a_layer_refuses_a_size_below_one(make):
    with pytest.raises(ConfigError, match="whole number of at least 1"):
        make()
