"""The form of the spending rules: what a plan does not offer is not in it, and keeps its value."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.billing.catalogue import Catalogue, load_catalogue
from apps.billing.money import SIGNS, decimals, format_money
from apps.billing.spending import Situation

CREDITS_MAX = 10**12
THRESHOLD_SUGGESTED = 500
OF_TOP_UPS = ("tops_up", "top_up_pack", "top_up_threshold_credits", "top_up_monthly_cap")


class SpendingForm(forms.Form):
    """How much may be used, what is bought by itself, and what may be paid afterwards."""

    monthly_cap_credits = forms.IntegerField(
        label=gettext_lazy("Most credits in a month"),
        help_text=gettext_lazy("Leave it empty for no cap. Work that is under way counts with what is held for it."),
        required=False,
        min_value=1,
        max_value=CREDITS_MAX,
    )
    tops_up = forms.BooleanField(label=gettext_lazy("Buy a pack when credits run low"), required=False)
    top_up_pack = forms.ChoiceField(label=gettext_lazy("Pack"), required=False)
    top_up_threshold_credits = forms.IntegerField(
        label=gettext_lazy("Buy below, in credits"),
        required=False,
        min_value=1,
        max_value=CREDITS_MAX,
    )
    top_up_monthly_cap = forms.DecimalField(label=gettext_lazy("Spend at most, in a month"), required=False)
    overage_cap_credits = forms.IntegerField(
        label=gettext_lazy("Most credits in a billing period"),
        required=False,
        min_value=0,
        max_value=CREDITS_MAX,
    )

    def __init__(self, data: Any = None, *, situation: Situation) -> None:
        self.catalogue = load_catalogue()
        self.situation = situation
        super().__init__(data, initial=_initial(situation, catalogue=self.catalogue))
        if situation.entitlements.has("top_up"):
            self._offer_top_ups()
        else:
            for name in OF_TOP_UPS:
                del self.fields[name]
        if situation.offers_overage:
            self._offer_overage()
        else:
            del self.fields["overage_cap_credits"]

    def rules(self) -> dict[str, Any]:
        """Return the rules that were sent, as `spending.save_rules` takes them; money in minor units."""
        sent = dict(self.cleaned_data)
        if "tops_up" in sent:
            sent["top_up_monthly_cap_amount"] = self._minor_units(sent.pop("top_up_monthly_cap") or Decimal(0))
            sent["top_up_threshold_credits"] = sent["top_up_threshold_credits"] or 0
        if "overage_cap_credits" in sent:
            sent["overage_cap_credits"] = sent["overage_cap_credits"] or 0
        return sent

    def clean_overage_cap_credits(self) -> int | None:
        """Refuse a cap that is no number of whole blocks: they are sold as a whole."""
        cap: int | None = self.cleaned_data["overage_cap_credits"]
        sold = self.situation.entitlements.plan.overage
        if cap and sold and cap % sold.credits:
            near = -(-cap // sold.credits) * sold.credits
            message = _("Overage is sold by the %(block)s. Enter %(near)s, for example.")
            raise forms.ValidationError(message % {"block": intcomma(sold.credits), "near": intcomma(near)})
        return cap

    def clean(self) -> dict[str, Any]:
        """Require what a top-up needs, once it is switched on."""
        sent = super().clean() or self.cleaned_data
        if sent.get("tops_up"):
            if not sent.get("top_up_pack") and "top_up_pack" not in self.errors:
                self.add_error("top_up_pack", _("Choose the pack to buy."))
            if not sent.get("top_up_threshold_credits") and "top_up_threshold_credits" not in self.errors:
                self.add_error("top_up_threshold_credits", _("Enter when to buy."))
            if "top_up_monthly_cap" not in self.errors:
                self._require_room_for_one(sent)
        return sent

    def _require_room_for_one(self, sent: dict[str, Any]) -> None:
        price = next((pack.price for pack in self.catalogue.packs if pack.slug == sent.get("top_up_pack")), 0)
        if self._minor_units(sent.get("top_up_monthly_cap") or Decimal(0)) < max(price, 1):
            message = _("Enter at least %(price)s, the price of one pack.")
            self.add_error("top_up_monthly_cap", message % {"price": format_money(price, self.catalogue.currency)})

    def _offer_top_ups(self) -> None:
        currency = self.catalogue.currency
        pack_field, cap_field = self.fields["top_up_pack"], self.fields["top_up_monthly_cap"]
        assert isinstance(pack_field, forms.ChoiceField)
        pack_field.choices = [
            (
                pack.slug,
                _("%(credits)s credits for %(price)s")
                % {"credits": intcomma(pack.credits), "price": format_money(pack.price, currency)},
            )
            for pack in self.catalogue.packs
        ]
        places = decimals(currency)
        self.fields["top_up_monthly_cap"] = forms.DecimalField(
            label=_("Spend at most in a month (%(currency)s)") % {"currency": SIGNS.get(currency, currency.upper())},
            help_text=_("Counts every top-up of the month (UTC). The next one that would cost more is not bought."),
            required=cap_field.required,
            min_value=0,
            max_digits=10,
            decimal_places=places,
        )

    def _offer_overage(self) -> None:
        self.fields["overage_cap_credits"].help_text = _("0 is none. Whole blocks only: part of one stays yours.")

    def _minor_units(self, amount: Decimal) -> int:
        return int(amount.scaleb(decimals(self.catalogue.currency)))


def _initial(situation: Situation, *, catalogue: Catalogue) -> dict[str, Any]:
    rules = situation.rules
    cap = rules.top_up_monthly_cap_amount
    return {
        "monthly_cap_credits": rules.monthly_cap_credits,
        "tops_up": rules.tops_up,
        "top_up_pack": rules.top_up_pack,
        "top_up_threshold_credits": rules.top_up_threshold_credits or THRESHOLD_SUGGESTED,
        "top_up_monthly_cap": Decimal(cap).scaleb(-decimals(catalogue.currency)) if cap else None,
        "overage_cap_credits": rules.overage_cap_credits,
    }
