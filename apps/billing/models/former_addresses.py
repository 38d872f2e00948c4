"""Whose address has had its welcome already, though the person was deleted since."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class FormerAddress(models.Model):
    """The keyed hash of an address that was given the welcome credits and then erased: it tells nobody the address."""

    app_role_privileges = "SELECT, INSERT"

    digest = models.CharField(_("keyed hash of the address"), max_length=64, primary_key=True)
    erased_on = models.DateField(_("erased on"))

    class Meta:
        verbose_name = _("former address")
        verbose_name_plural = _("former addresses")

    def __str__(self) -> str:
        return self.digest[:8]
